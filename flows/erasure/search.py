"""Search an id in every file of the home and in every table of its databases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DatabaseError, OperationalError

from perdura.flows.erasure.ambiguous_ids import as_ids, holds_prose, is_prose, words_among
from perdura.flows.erasure.mentions import bytes_name, files_below, kind_of, rows_naming
from perdura.flows.erasure.prefect_runs import folders_outside, out_of_reach, results_folder
from perdura.flows.settings import Settings
from perdura.progress import OnProgress
from perdura.risk.records.erase import ErasedAccount, exists, mentions, mentions_in_file
from perdura.risk.store.postgres import is_postgres
from perdura.risk.store.sqlite import database_file
from perdura.risk.store.urls import shown
from perdura.sources.mapping.mapping import BadMapping, read_mapping, source_files


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
    home, url = settings.home.absolute(), settings.risk_url
    outside = [file for folder in folders_outside(home) for file in files_below(folder)]
    ours = None if is_postgres(url) else database_file(url)
    files, sources = sorted(files_below(home)) + sorted(outside), _sources(settings.mapping, home)
    found: list[Found] = []
    unread: list[str] = []
    kinds = [kind_of(file) for file in files]
    for index, (file, kind) in enumerate(zip(files, kinds, strict=True)):
        on_progress(index, len(files), _shown(file, home))
        yours = any(source == file or source in file.parents for source in sources)
        try:
            found += _in_file(file, kind, home, accounts, yours=yours, ours=file == ours)
        except OperationalError as error:  # held or not to be opened: its bytes would tell half
            unread.append(f"{_shown(file, home)} ({error.orig})")
    is_elsewhere = ours not in files and exists(url)
    if is_elsewhere:
        on_progress(len(files), len(files), "the database")
        found += [
            Found(where=f"{shown(url)}: {table}", rows=rows, doubt=doubt)
            for table, rows, doubt in _in_tables(partial(mentions, url), accounts)
        ]
    return Search(
        found=tuple(found),
        files=len(files),
        databases=kinds.count("sqlite") + is_elsewhere,
        out_of_reach=(*unread, *out_of_reach()),
    )


def kept_results(home: Path, accounts: Sequence[ErasedAccount]) -> list[Path]:
    """What Prefect has kept in the home of runs that failed, and that names one of the accounts."""
    folder = results_folder(home)
    files = sorted(files_below(folder)) if folder.is_dir() else []
    return [file for file in files if bytes_name(file, accounts)]


def _shown(file: Path, home: Path) -> str:
    return str(file.relative_to(home) if file.is_relative_to(home) else file)


def _sources(mapping: Path | None, home: Path) -> list[Path]:
    """The mapping's files and folders, and its own, unless the home lies in one of them."""
    if mapping is None:
        return []
    try:
        files = source_files(read_mapping(mapping))
    except BadMapping:
        return []
    named = [*files, mapping.absolute().parent]
    return [path for path in named if path != home and path not in home.parents]


def _in_file(
    file: Path, kind: str, home: Path, accounts: Sequence[ErasedAccount], *, yours: bool, ours: bool
) -> Iterator[Found]:
    """Where a file names an account; ``ours``: it is the risk table's."""
    where = _shown(file, home)
    try:
        if kind == "sqlite":
            find = partial(mentions_in_file, file)
            for table, rows, doubt in _in_tables(find, accounts, ours=ours):
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
    find: Callable[[Sequence[ErasedAccount]], dict[str, int]],
    accounts: Sequence[ErasedAccount],
    *,
    ours: bool = True,
) -> Iterator[tuple[str, int, bool]]:
    """Each table that names an account, the number of rows, and whether that is in doubt."""
    words = words_among(accounts)
    named, maybe = find(as_ids(accounts)), find(words) if words else {}
    for table in sorted(named | maybe):
        doubt = table not in named and is_prose(table, ours=ours)
        yield table, named.get(table) or maybe[table], doubt


def _in_texts(
    file: Path, kind: str, accounts: Sequence[ErasedAccount], *, prose: bool
) -> tuple[int, bool]:
    """Number of rows of a file that name an account, and whether that is in doubt."""
    if rows := rows_naming(file, kind, as_ids(accounts) if prose else accounts):
        return rows, False
    words = words_among(accounts) if prose else []
    return (rows_naming(file, kind, words), True) if words else (0, False)
