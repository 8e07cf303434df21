"""Parquet files, checked before they are read: what is damaged in one is said."""

from pathlib import Path
from typing import Any

import polars as pl

from perdura.sources.error_texts import without_values
from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BROKEN, BadSource, FilePart

#: Parquet files up to this size (bytes) are checked before they are read.
_SMALL = 32 * 2**20


def read_parquet(path: Path, name: str) -> FilePart:
    """A file's rows; columns of categories and of bytes become text.

    Raises:
        BadSource: It cannot be read as Parquet.
    """
    try:
        _check_pages(path)
        frame = pl.scan_parquet(path, glob=False, row_index_name=ROW, row_index_offset=1)
        schema = frame.collect_schema()
    except (*BROKEN, OSError, ValueError) as error:
        raise BadSource(
            f"{name} cannot be read as Parquet, perhaps it was cut off or damaged "
            f"({without_values(error)}); fetch it again"
        ) from None
    coded = [
        column for column, kind in schema.items() if isinstance(kind, pl.Categorical | pl.Enum)
    ]
    coded += [column for column, kind in schema.items() if kind == pl.Binary]
    texts = (
        pl.col(column).map_batches(_decoded, return_dtype=pl.String, is_elementwise=True)
        if schema[column] == pl.Binary
        else pl.col(column).cast(pl.String)
        for column in coded
    )
    return FilePart(name, frame.with_columns(texts), pl.DataFrame(schema=REJECTED))


def _check_pages(path: Path) -> None:
    """Read a small file with Arrow, which says what is damaged in it where Polars would panic."""
    from pyarrow.parquet import ParquetFile  # pyright: ignore[reportMissingTypeStubs]

    if path.stat().st_size > _SMALL:
        return
    whole: Any = ParquetFile(path)
    with whole as file:
        rows = sum(batch.num_rows for batch in file.iter_batches())
        if rows != file.metadata.num_rows:
            raise ValueError(f"it says that it has {file.metadata.num_rows} rows and has {rows}")


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text; what is no UTF-8 becomes U+FFFD."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        texts = [value if value is None else value.decode(errors="replace") for value in values]
        return pl.Series(values.name, texts, pl.String)
