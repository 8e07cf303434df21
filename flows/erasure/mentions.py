"""Whether a file names an account: by column where it is a table, else by its bytes."""

import re
from base64 import decodebytes
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import polars as pl
import polars.selectors as cs

from perdura.risk.records.erase import ErasedAccount
from perdura.sources.landing.tombstones import NAMING

_BLOCK = 1 << 24
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\r\n]+")
_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"SQLite format 3": "sqlite"}


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, but those in folders with a dot before their names."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path) if not path.name.startswith(".") else ()
        elif path.is_file():
            yield path


def kind_of(file: Path) -> str:
    """``parquet``, ``arrow``, ``sqlite`` or ``bytes``, by how the file begins."""
    with file.open("rb") as opened:
        start = opened.read(16)
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "bytes")


def rows_naming(file: Path, kind: str, accounts: Sequence[ErasedAccount]) -> int:
    """Number of rows of a file that name one of the accounts; of a file without rows 1, or 0."""
    try:
        if kind != "bytes":
            return _rows_of_table(file, kind, accounts)
    except pl.exceptions.PolarsError:  # not what its beginning says
        pass
    return int(bytes_name(file, accounts))


def bytes_name(file: Path, accounts: Sequence[ErasedAccount]) -> bool:
    """Whether one of the accounts stands in the file, or in what it encodes (base64)."""
    with file.open("rb") as opened:
        found = _stream_names(opened, accounts)
    if not found and _BASE64.fullmatch(content := file.read_bytes()[: _BLOCK * 4]):
        found = _stream_names(BytesIO(decodebytes(content)), accounts)
    return found


def _rows_of_table(file: Path, kind: str, accounts: Sequence[ErasedAccount]) -> int:
    rows = pl.scan_parquet(file, glob=False) if kind == "parquet" else pl.scan_ipc(file, glob=False)
    texts = rows.select((cs.string() | cs.categorical() | cs.enum()).cast(pl.String))
    columns = texts.collect_schema().names()
    names = pl.Series([account.name for account in accounts], dtype=pl.String)
    spelt = [spelt for account in accounts for spelt in account.spellings]
    ids = [pl.col(name).is_in(names.implode()) for name in columns if name in NAMING]
    maybe = [pl.col(name).str.contains(part, literal=True) for name in columns for part in spelt]
    if not ids + maybe:
        return 0
    some = texts.filter(pl.any_horizontal(*ids, *maybe)).collect(engine="streaming")
    patterns = [account.pattern for account in accounts if account.spellings]

    def is_named(row: dict[str, str | None]) -> bool:
        if any(row.get(name) == account.name for name in NAMING for account in accounts):
            return True
        return any(pattern.search(text) for pattern in patterns for text in row.values() if text)

    return sum(map(is_named, some.iter_rows(named=True)))


def _stream_names(opened: BinaryIO, accounts: Sequence[ErasedAccount]) -> bool:
    wanted = [
        (re.compile(account.pattern.pattern.encode()), [s.encode() for s in account.spellings])
        for account in accounts
        if account.spellings
    ]
    if not wanted:
        return False
    overlap = max(len(spelt) for _, spellings in wanted for spelt in spellings) + 2
    tail = b""
    while block := opened.read(_BLOCK):
        text = tail + block
        for pattern, spellings in wanted:
            if any(spelt in text for spelt in spellings) and pattern.search(text):
                return True
        tail = text[-overlap:]
    return False
