"""A sample of a file's rows, and how the file is written."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from perdura.sources.guesses.dialect import Unguessable, encoding_of, written_as
from perdura.sources.mapping.files.delimited import split_text
from perdura.sources.mapping.files.encodings import as_utf8, with_line_feeds
from perdura.sources.mapping.files.json_lines import split_json
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.sections import ENDINGS, SourceFile

#: Of a longer file this many bytes are read: two thirds from its start, the rest from its end.
SAMPLED_BYTES = 12 * 2**20
#: Rows of a Parquet file that are read.
SAMPLED_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class SampledTable:
    """Rows of one source, and the keys of a mapping that say how it is read.

    Attributes:
        name: The file's name without its ending, or the table's.
        keys: ``file`` and how it is written, or ``query`` and ``database``: as TOML has them.
        rows: Texts stay text; without ``row_number``.
        is_whole: Whether these are all rows.
    """

    name: str
    keys: dict[str, object]
    rows: pl.DataFrame
    is_whole: bool = True
    notes: tuple[str, ...] = field(default=())


def tables_in(folder: Path) -> list[Path]:
    """The files of a folder that may be tables, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )


def sample_file(path: Path, named: str) -> SampledTable:
    """A sample of a file.

    Args:
        path: The file.
        named: Its path as the mapping will name it.

    Raises:
        Unguessable: It is empty, or its lines have no columns.
    """
    if path.stat().st_size == 0:
        raise Unguessable(f"{named} is empty")
    kind = ENDINGS[path.suffix.lower()]
    if kind == "parquet":
        return _sample_parquet(path, named)
    raw, is_whole = _sampled_bytes(path)
    keys: dict[str, object] = {"file": named}
    encoding = encoding_of(raw)
    if encoding != "utf-8":
        keys["encoding"] = encoding
    text = with_line_feeds(as_utf8(raw, encoding)[0])
    try:
        if kind == "jsonl":
            rows = split_json(text).rows
        else:
            keys |= written_as(text, kind, named)
            source = SourceFile.model_validate(keys)
            rows = split_text(source, source.written_as or "csv", text).rows
    except (ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        raise Unguessable(f"{named}: {str(error).splitlines()[0]}") from None
    return SampledTable(path.stem, keys, _flat(rows), is_whole)


def _sample_parquet(path: Path, named: str) -> SampledTable:
    try:
        rows = pl.scan_parquet(path).head(SAMPLED_ROWS + 1).collect()
    except (pl.exceptions.PolarsError, OSError):
        raise Unguessable(f"{named} cannot be read as Parquet; fetch it again") from None
    return SampledTable(
        path.stem, {"file": named}, _flat(rows.head(SAMPLED_ROWS)), rows.height <= SAMPLED_ROWS
    )


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Without columns of lists and objects, which no mapping of a plain file reads."""
    return rows.select(
        name for name, kind in rows.schema.items() if not kind.is_nested() and name != ROW
    )


def _sampled_bytes(path: Path) -> tuple[bytes, bool]:
    size = path.stat().st_size
    if size <= SAMPLED_BYTES:
        return path.read_bytes(), True
    with path.open("rb") as file:
        start = file.read(SAMPLED_BYTES * 2 // 3)
        file.seek(size - SAMPLED_BYTES // 3)
        end = file.read()
    # Whole lines: the one that the sample broke off, and the one it broke into, are left out.
    return start[: start.rfind(b"\n") + 1] + end[end.find(b"\n") + 1 :], False
