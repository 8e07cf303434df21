"""A folder of landed tables as the things that Zendesk knows."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.zendesk import landed
from perdura.sources.connectors.zendesk.chats import CHAT, CHAT_EVENT, chat_messages
from perdura.sources.connectors.zendesk.exported import CLOSED_BY_MERGE
from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    FIELDS,
    MERGED,
    ObjectKind,
    Objects,
)
from perdura.sources.connectors.zendesk.reading import set_aside
from perdura.sources.staged import FILE, ROW_IN_FILE

Shown = Callable[[Path], str]


def landed_objects(folder: Path, scratch: Path, shown: Shown) -> Objects:
    """The things that the landed tables of a folder hold, each kind set aside in ``scratch``.

    Raises:
        Unavailable: There is no table of tickets, or a table lacks a column that it needs.
    """
    if not landed.files_of(folder, landed.TICKET.name):
        raise Unavailable(
            f"no table of tickets in {shown(folder)}: there is no ticket.csv and no "
            "ticket.parquet; export the table of tickets too"
        )
    tables: dict[ObjectKind, list[pl.LazyFrame]] = {}
    broken: list[pl.DataFrame] = []
    for number, (kind, rows) in enumerate(_found(folder, shown)):
        where = pl.col("field").is_in(FIELDS) if kind is CHANGES else None
        read, unread = set_aside(kind, rows, scratch / f"{number}-{kind.name}.parquet", where)
        tables.setdefault(kind, []).append(read)
        broken.append(unread)
    return Objects({kind: pl.concat(found) for kind, found in tables.items()}, pl.concat(broken))


def landed_files(folder: Path) -> list[Path]:
    """All files of a folder that are read as landed tables."""
    names = [table.name for table in landed.LANDED_TABLES]
    names += ["ticket_tag", CHAT, CHAT_EVENT]
    return [path for name in names for path in landed.files_of(folder, name)]


def _found(folder: Path, shown: Shown) -> Iterator[tuple[ObjectKind, pl.LazyFrame]]:
    """What each file holds."""
    for table in landed.LANDED_TABLES:
        for path in landed.files_of(folder, table.name):
            yield table.kind, landed.rows_of(table, landed.scan(path, shown(path)), shown(path))
    for path in landed.files_of(folder, "ticket_tag"):
        tags = landed.with_columns(path, shown(path), "ticket_id", "tag")
        merged = tags.filter(pl.col("tag") == CLOSED_BY_MERGE)
        yield MERGED, merged.select("ticket_id", FILE, ROW_IN_FILE)
    chats = [
        landed.with_columns(path, shown(path), "chat_id", "ticket_id")
        for path in landed.files_of(folder, CHAT)
    ]
    for path in landed.files_of(folder, CHAT_EVENT) if chats else ():
        events = landed.with_columns(path, shown(path), "chat_id", "created_at", "actor_id", "type")
        yield COMMENTS, chat_messages(pl.concat(chats), events)
