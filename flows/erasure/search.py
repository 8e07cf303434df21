"""Search an id in every file of the home and in every table of its databases."""

import re
from base64 import decodebytes
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import polars as pl
import polars.selectors as cs
from sqlalchemy.exc import DatabaseError, OperationalError

from perdura.flows.erasure.ambiguous_ids import as_ids, holds_prose, is_prose, words_among
from perdura.flows.erasure.prefect_runs import folders_outside, out_of_reach, results_folder
from perdura.flows.settings import Settings
from perdura.risk.records.erase import ErasedAccount, exists, mentions, mentions_in_file
from perdura.risk.store.postgres import is_postgres
from perdura.risk.store.sqlite import database_file
from perdura.risk.store.urls import shown
from perdura.sources.landing.tombstones import NAMING
from perdura.sources.mapping.mapping import BadMapping, read_mapping, source_files
from perdura.sources.progress import OnProgress

_BLOCK = 1 << 24
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\r\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A place that names an account.

    Attributes:
        where: The file, relative to the home where it is in it; of a database with the table.
        rows: In how many rows; of a file that has none, 1.
        yours: Whether it is a source, which Perdura reads and never changes.
        doubt: Whether the id is an ordinary word, which the text may hold for itself.
    """

    where: str
    rows: int
    yours: bool = False
    doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search has found, in how many files and tables it has looked, and where it could not.

    ``out_of_reach`` names, in words, what was not searched and may name an account.
    """

    found: tuple[Found, ...]
    files: int
    databases: int
    out_of_reach: tuple[str, ...] = ()


def search(
    settings: Settings, accounts: Sequence[ErasedAccount], on_progress: OnProgress
) -> Search:
    """Every place under the home, in the risk table and in Prefect's folders that names an account.

    Parquet and Arrow are read by column, SQLite by table, all else by its bytes, and what Prefect
    has encoded (base64) by what it encodes, too. Accounts without
    spellings could be any word of a text: they are looked for in columns of ids alone. Folders with
    a dot before their names hold no data of ours and are left out.
    """
    home = settings.home.absolute()
    outside = [file for folder in folders_outside(home) for file in _files(folder)]
    ours = None if is_postgres(settings.risk_url) else database_file(settings.risk_url)
    files, yours = sorted(_files(home)) + sorted(outside), _sources(settings.mapping, home)
    found: list[Found] = []
    unread: list[str] = []
    kinds = [_kind(file) for file in files]
    for at, (file, kind) in enumerate(zip(files, kinds, strict=True)):
        on_progress(at, len(files), _shown(file, home))
        try:
            found += _in_file(
                file, kind, home, accounts, yours=_is_under(file, yours), ours=file == ours
            )
        except OperationalError as error:  # held or not to be opened: its bytes would tell half
            unread.append(f"{_shown(file, home)} ({error.orig})")
    elsewhere = _elsewhere(settings.risk_url, files)
    if elsewhere:
        on_progress(len(files), len(files), "the database")
        found += [
            Found(where=f"{elsewhere}: {table}", rows=rows, doubt=doubt)
            for table, rows, doubt in _in_tables(partial(mentions, settings.risk_url), accounts)
        ]
    databases = kinds.count("sqlite") + bool(elsewhere)
    return Search(
        found=tuple(found),
        files=len(files),
        databases=databases,
        out_of_reach=(*unread, *out_of_reach()),
    )


def kept_results(home: Path, accounts: Sequence[ErasedAccount]) -> list[Path]:
    """What Prefect has kept in the home of runs that failed, and that names one of the accounts."""
    folder = results_folder(home)
    files = sorted(_files(folder)) if folder.is_dir() else []
    return [file for file in files if _in_bytes(file, accounts)]


def _shown(file: Path, home: Path) -> str:
    return str(file.relative_to(home) if file.is_relative_to(home) else file)


def _files(home: Path) -> Iterator[Path]:
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from _files(path) if not path.name.startswith(".") else ()
        elif path.is_file():
            yield path


def _sources(mapping: Path | None, home: Path) -> list[Path]:
    """The mapping's files; and the folder that it is in, where the home has more than that."""
    if mapping is None:
        return []
    try:
        files = source_files(read_mapping(mapping))
    except BadMapping:
        return []
    folder = mapping.absolute().parent
    return [*files, *([folder] if folder != home and folder not in home.parents else [])]


def _is_under(file: Path, places: Iterable[Path]) -> bool:
    return any(place == file or place in file.parents for place in places)


def _elsewhere(url: str, files: Sequence[Path]) -> str | None:
    """What the risk table's database is called, where no file of the home is it."""
    inside = not is_postgres(url) and database_file(url) in files
    return None if inside or not exists(url) else shown(url)


def _kind(file: Path) -> str:
    with file.open("rb") as opened:
        start = opened.read(16)
    magic = {b"PAR1": "parquet", b"ARROW1": "arrow", b"SQLite format 3": "sqlite"}
    return next((kind for bytes_, kind in magic.items() if start.startswith(bytes_)), "bytes")


def _in_file(
    file: Path, kind: str, home: Path, accounts: Sequence[ErasedAccount], *, yours: bool, ours: bool
) -> Iterator[Found]:
    """Where a file names an account; ``ours``: it is the risk table's."""
    where = _shown(file, home)
    try:
        if kind == "sqlite":
            ask = partial(mentions_in_file, file)
            for table, rows, doubt in _in_tables(ask, accounts, ours=ours):
                yield Found(where=f"{where}: {table}", rows=rows, yours=yours, doubt=doubt)
            return
    except OperationalError:
        raise
    except DatabaseError:  # not what its beginning says
        kind = "bytes"
    rows, doubt = _in_texts(file, kind, accounts, prose=holds_prose(file))
    if rows:
        yield Found(where=where, rows=rows, yours=yours, doubt=doubt)


def _in_tables(
    ask: Callable[[Sequence[ErasedAccount]], dict[str, int]],
    accounts: Sequence[ErasedAccount],
    *,
    ours: bool = True,
) -> Iterator[tuple[str, int, bool]]:
    """Each table that names an account, the number of rows, and whether that is in doubt."""
    words = words_among(accounts)
    named, maybe = ask(as_ids(accounts)), ask(words) if words else {}
    for table in sorted(named | maybe):
        doubt = table not in named and is_prose(table, ours=ours)
        yield table, named.get(table) or maybe[table], doubt


def _in_texts(
    file: Path, kind: str, accounts: Sequence[ErasedAccount], *, prose: bool
) -> tuple[int, bool]:
    """Number of rows of a file that name an account, and whether that is in doubt."""
    if rows := _rows_in(file, kind, as_ids(accounts) if prose else accounts):
        return rows, False
    words = words_among(accounts) if prose else []
    return (_rows_in(file, kind, words), True) if words else (0, False)


def _rows_in(file: Path, kind: str, accounts: Sequence[ErasedAccount]) -> int:
    try:
        return _in_bytes(file, accounts) if kind == "bytes" else _in_frame(file, kind, accounts)
    except pl.exceptions.PolarsError:  # not what its beginning says
        return _in_bytes(file, accounts)


def _in_frame(file: Path, kind: str, accounts: Sequence[ErasedAccount]) -> int:
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
    return sum(_names(row, accounts) for row in some.iter_rows(named=True))


def _names(row: dict[str, str | None], accounts: Sequence[ErasedAccount]) -> bool:
    if any(row.get(name) == account.name for name in NAMING for account in accounts):
        return True
    patterns = [account.pattern for account in accounts if account.spellings]
    return any(pattern.search(text) for pattern in patterns for text in row.values() if text)


def _in_bytes(file: Path, accounts: Sequence[ErasedAccount]) -> int:
    """1 where one of the accounts stands in the file, or in what it encodes, else 0."""
    with file.open("rb") as opened:
        found = _in_stream(opened, accounts)
    if not found and _BASE64.fullmatch(content := file.read_bytes()[: _BLOCK * 4]):
        found = _in_stream(BytesIO(decodebytes(content)), accounts)
    return found


def _in_stream(opened: BinaryIO, accounts: Sequence[ErasedAccount]) -> int:
    wanted = [
        (re.compile(account.pattern.pattern.encode()), [s.encode() for s in account.spellings])
        for account in accounts
        if account.spellings
    ]
    if not wanted:
        return 0
    overlap = max(len(spelt) for _, spellings in wanted for spelt in spellings) + 2
    tail = b""
    while block := opened.read(_BLOCK):
        text = tail + block
        for pattern, spellings in wanted:
            if any(spelt in text for spelt in spellings) and pattern.search(text):
                return 1
        tail = text[-overlap:]
    return 0
