"""Objects of the API as JSON lines, read in blocks: a broken line is set aside and stops nothing.

Scalars and whatever may be an id or an object are read as text: Polars writes objects as JSON then.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: Bytes of a file that are in memory at once, or one line where that is longer.
BLOCK = 32 * 2**20
LINE = "__line"


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file.

    Attributes:
        rows: One row per object: the fields, ``FILE`` and ``ROW_IN_FILE``.
        broken: Lines that are no JSON objects; schema ``BROKEN_ROWS``.
    """

    rows: pl.DataFrame
    broken: pl.DataFrame


def read_blocks(
    path: Path, name: str, fields: Mapping[str, pl.DataType], size: int = BLOCK
) -> Generator[Block]:
    """The objects of a file, some at a time.

    Args:
        path: The file.
        name: What reports call it.
        fields: The fields to read, and how.
        size: About how many bytes are read at once.
    """
    before = 0
    for text, whole in _cut(path, size):
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        yield block_of(lines, before, name, fields, whole=whole)
        before += len(lines)


def _cut(path: Path, size: int) -> Generator[tuple[bytes, bool]]:
    """Pieces of a file that end where lines do, and whether the last line has an end."""
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(size):
            piece = piece.removeprefix(b"\xef\xbb\xbf") if file.tell() <= size else piece
            end = piece.rfind(b"\n") + 1
            if end:
                yield rest + piece[:end], True
                rest = piece[end:]
            else:
                rest += piece
    if rest:
        yield rest, False


def block_of(
    lines: list[bytes], before: int, name: str, fields: Mapping[str, pl.DataType], *, whole: bool
) -> Block:
    """The objects of some lines.

    Args:
        lines: The lines.
        before: How many lines stand before them.
        name: What reports call the file.
        fields: The fields to read, and how.
        whole: Whether the last line has its end.
    """
    rows, bad = rows_of_lines(lines, [n for n, line in enumerate(lines) if line.strip()], fields)
    texts = [lines[n].decode(errors="replace") for n in bad]
    is_utf_8 = [text.encode() == lines[n] for text, n in zip(texts, bad, strict=True)]
    rules = ["broken_line" if utf_8 else "bad_encoding" for utf_8 in is_utf_8]
    if bad and bad[-1] == len(lines) - 1 and not whole:
        rules[-1] = "cut_off"
    broken = pl.DataFrame(
        {
            "rule": rules,
            FILE: [name] * len(bad),
            ROW_IN_FILE: [before + n + 1 for n in bad],
            "text": texts,
        },
        schema=BROKEN_ROWS,
    )
    place = (pl.col(LINE) + before + 1).cast(pl.UInt32).alias(ROW_IN_FILE)
    placed = rows.select(*fields, pl.lit(name).alias(FILE), place)
    return Block(placed, broken)


def rows_of_lines(
    lines: list[bytes], numbers: list[int], fields: Mapping[str, pl.DataType]
) -> tuple[pl.DataFrame, list[int]]:
    """The lines of these numbers as rows with ``LINE``, and the numbers of those that are none."""
    if not numbers:
        return pl.DataFrame(schema={**fields, LINE: pl.Int64()}), []
    text = b"\n".join(lines[n] for n in numbers)
    try:
        rows = pl.read_ndjson(text, schema=fields)
    except pl.exceptions.PolarsError:
        if len(numbers) == 1:
            return rows_of_lines(lines, [], fields)[0], numbers
        middle = len(numbers) // 2
        halves = [
            rows_of_lines(lines, part, fields) for part in (numbers[:middle], numbers[middle:])
        ]
        return pl.concat(rows for rows, _ in halves), [n for _, bad in halves for n in bad]
    return rows.with_columns(pl.Series(LINE, numbers, dtype=pl.Int64)), []
