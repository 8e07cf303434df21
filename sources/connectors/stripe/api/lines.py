"""Lines of JSON objects: what stands in which, and files with some of them."""

import json
import re
from collections.abc import Collection, Generator, Iterable
from hashlib import blake2b
from itertools import compress
from pathlib import Path

import polars as pl

from perdura.sources.landing.files import move_into_place

_INDEX = pl.Schema({"id": pl.String(), "digest": pl.UInt64(), "file": pl.UInt32(),
                    "line": pl.UInt32()})  # fmt: skip
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
#: Lines whose ids are Python objects at once.
_BATCH = 200_000


def index_lines(files: Iterable[Path]) -> pl.DataFrame:
    """One row per line: the id of its object, a digest of it all, and where it stands."""
    parts = [pl.DataFrame(schema=_INDEX)]
    rows: list[tuple[str, int, int, int]] = []
    for number, file in enumerate(files):
        with file.open("rb") as lines:
            for line, text in enumerate(lines):
                if text.isspace():  # erased
                    continue
                # The id stands first.
                own = text[:300].split(b'"', 4)[3].decode(errors="replace")
                digest = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
                rows.append((own, digest, number, line))
                if len(rows) >= _BATCH:
                    parts.append(pl.DataFrame(rows, schema=_INDEX, orient="row"))
                    rows = []
    parts.append(pl.DataFrame(rows, schema=_INDEX, orient="row"))
    return pl.concat(parts)


def files_in(folder: Path, kinds: Collection[str] | None = None) -> list[Path]:
    """The files of a store by name, of some kinds alone."""
    return [
        file for file in sorted(folder.glob("*.jsonl")) if kinds is None or kind_of(file) in kinds
    ]


def kind_of(file: Path) -> str:
    """The kind of the objects in a file of a store."""
    return file.name.partition("-")[0]


def spelt_ids(ids: Collection[str]) -> frozenset[bytes]:
    """Ids as JSON spells them."""
    return frozenset(json.dumps(one)[1:-1].encode() for one in ids)


def names_one(line: bytes, spelt: frozenset[bytes]) -> bool:
    """Whether a line has one of the ids, as ``spelt_ids`` gives them, anywhere as a text."""
    return not spelt.isdisjoint(_TEXT.findall(line))


def read_lines(file: Path) -> Generator[bytes]:
    """The lines of a file, each with its end."""
    with file.open("rb") as lines:
        yield from lines


def blank_lines(source: Path, target: Path, spelt: frozenset[bytes]) -> None:
    """Write a file anew with blanks in place of lines that name one of the ids: others stay where
    they were.
    """
    with target.open("wb") as written:
        for line in read_lines(source):
            written.write(b" " * (len(line) - 1) + b"\n" if names_one(line, spelt) else line)


def has_blanks(file: Path) -> bool:
    """Whether lines of a file were erased."""
    with file.open("rb") as lines:
        return any(line.isspace() for line in lines)


def keep_lines(file: Path, numbers: pl.Series) -> None:
    """Leave lines of a file, by their numbers from 0; without any the file goes."""
    if numbers.is_empty():
        file.unlink()
        return
    with file.open("rb") as lines:
        among = sum(1 for _ in lines)
    if len(numbers) < among:
        move_into_place(file, lambda path: copy_lines(file, path, numbers))


def copy_lines(source: Path, target: Path, numbers: pl.Series) -> None:
    """Write lines of one file to another, by their numbers from 0, in their order."""
    marks = bytearray(int(numbers.max() or 0) + 1 if len(numbers) else 0)  # pyright: ignore
    for number in numbers:
        marks[number] = 1
    with source.open("rb") as lines, target.open("wb") as written:
        written.writelines(compress(lines, marks))
