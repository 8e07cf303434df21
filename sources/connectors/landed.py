"""Tables that a loader such as Fivetran or Airbyte has landed, or that were exported: CSV, Parquet.

Each is set aside as Parquet, so that frames are made of what is read once; what does not read as
what its column holds is told apart, with its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perdura.sources.connectors.cells import Kind, read_as
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.landed_files import read_csv_table, scan_parquet_table
from perdura.sources.connectors.rows import RowWriter
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

_ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table as read.

    Attributes:
        rows: The columns asked for, ``FILE`` and ``ROW_IN_FILE``.
        broken: Rows with a value that its column cannot hold, or without one that they need.
    """

    rows: pl.LazyFrame
    broken: pl.DataFrame


def read_table(
    connection: Connection,
    folder: Path,
    name: str,
    columns: Mapping[str, Kind],
    required: Sequence[str] = (),
) -> ReadTable | None:
    """A table of a folder; ``None`` if no file is named for it.

    ``invoice.csv``, ``INVOICE.parquet``, ``invoice_data.csv`` and all files in a folder ``invoice``
    are the table ``invoice``.

    Args:
        connection: The section; what is read is set aside in its ``scratch``.
        folder: Where the tables lie.
        name: The table.
        columns: What each column holds. One that is not in the file is empty.
        required: Those without which a row means nothing. The files have to have them.

    Raises:
        Unavailable: A file has no such column.
    """
    files = files_of(folder, name)
    if not files:
        return None
    texts = RowWriter(connection.scratch / f"{name}.read", [*columns])
    parts = [
        scan_parquet_table(file, connection.shown(file), columns, required)
        if file.suffix.lower() == ".parquet"
        else read_csv_table(file, connection.shown(file), columns, required, texts)
        for file in files
    ]
    written = texts.frame()
    rows = pl.concat([written.rows, *(part for part in parts if part is not None)])
    read = typed(rows, written.broken, columns, required)
    # So that a frame that needs them several times does not read them again.
    aside = connection.scratch / f"{name}.table.parquet"
    aside.parent.mkdir(parents=True, exist_ok=True)
    read.rows.sink_parquet(aside, maintain_order=True)
    return ReadTable(pl.scan_parquet(aside, glob=False), read.broken)


def files_of(folder: Path, name: str) -> list[Path]:
    """The files of a table, as ``read_table`` finds them, by name."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        is_folder = path.is_dir() and path.name.lower() == name
        if is_folder or (path.is_file() and path.stem.lower().removesuffix("_data") == name):
            found += sorted(path.iterdir()) if is_folder else [path]
    return [file for file in found if file.suffix.lower() in _ENDINGS]


def typed(
    texts: pl.LazyFrame, broken: pl.DataFrame, columns: Mapping[str, Kind], required: Sequence[str]
) -> ReadTable:
    """Columns of text as what each holds; rows with a value that is none apart, with its rule.

    Args:
        texts: The columns, ``FILE`` and ``ROW_IN_FILE``.
        broken: Rows that were refused before.
        columns: What each column holds.
        required: Those without which a row means nothing.
    """
    values = {name: read_as(pl.col(name), kind) for name, kind in columns.items()}
    filled = {name: pl.col(name).str.strip_chars().fill_null("") != "" for name in columns}
    misfits = {
        rule: [filled[name] & values[name].is_null() for name in columns if columns[name] in kinds]
        for rule, kinds in (("unparseable_time", {"time"}), ("bad_type", {"number", "flag"}))
    }
    broken_rules = {"missing_required": [~filled[name] for name in required], **misfits}
    rules = [
        pl.when(pl.any_horizontal(found)).then(pl.lit(name))
        for name, found in broken_rules.items()
        if found
    ]
    ruled = texts.with_columns(pl.coalesce(*rules, pl.lit(None, pl.String)).alias("rule"))
    refused = ruled.filter(pl.col("rule").is_not_null()).select(
        "rule", FILE, ROW_IN_FILE, pl.struct(*columns).struct.json_encode().alias("text")
    )
    rows = ruled.filter(pl.col("rule").is_null()).select(
        *(value.alias(name) for name, value in values.items()), FILE, ROW_IN_FILE
    )
    return ReadTable(
        rows, pl.concat([broken, refused.cast(BROKEN_ROWS).collect(engine="streaming")])
    )
