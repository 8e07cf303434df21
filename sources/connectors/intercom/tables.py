"""Intercom's tables as Fivetran lands them."""

from pathlib import Path

import polars as pl

from perdura.sources.connectors.cells import Kind
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.intercom.columns import COLUMNS, REQUIRED
from perdura.sources.connectors.landed import ReadTable, files_of, read_table
from perdura.sources.staged import FILE, ROW_IN_FILE

_TABLE_OF = {
    "conversations": "conversation_history",
    "parts": "conversation_part_history",
    "contacts": "contact_history",
}
#: Columns that Fivetran names otherwise.
_NAMES = {
    "conversations": {
        "delivered_as": "source_delivered_as",
        "first_contact_reply_at": "first_contact_reply_created_at",
        "rating": "conversation_rating_value",
        "first_admin_reply_at": "statistics_first_admin_reply_at",
        "first_close_at": "statistics_first_close_at",
        "last_close_at": "statistics_last_close_at",
        "last_contact_reply_at": "statistics_last_contact_reply_at",
        "contact_id": "source_author_id",
    }
}
_LINKS = "conversation_contact_history"
_LINK_COLUMNS: dict[str, Kind] = {"conversation_id": "text", "contact_id": "text"}


def read_tables(connection: Connection, folder: Path) -> dict[str, ReadTable]:
    """``conversations``, ``parts`` and ``contacts``; none is there without its table."""
    found: dict[str, ReadTable] = {}
    for name, table in _TABLE_OF.items():
        theirs = _NAMES.get(name, {})
        columns: dict[str, Kind] = {
            theirs.get(own, own): kind for own, kind in COLUMNS[name].items()
        }
        if read := read_table(connection, folder, table, columns, REQUIRED[name]):
            renamed = read.rows.rename({other: own for own, other in theirs.items()})
            found[name] = ReadTable(renamed, read.broken)
    links = read_table(connection, folder, _LINKS, _LINK_COLUMNS, (*_LINK_COLUMNS,))
    if links and "conversations" in found:
        conversations = found["conversations"]
        found["conversations"] = ReadTable(
            _linked(conversations.rows, links.rows), conversations.broken
        )
    return found


def table_files(folder: Path) -> list[Path]:
    """All files that are read as landed tables."""
    return [path for name in (*_TABLE_OF.values(), _LINKS) for path in files_of(folder, name)]


def _linked(conversations: pl.LazyFrame, links: pl.LazyFrame) -> pl.LazyFrame:
    """Conversations with their contact: the author of the first message, if it is one of them."""
    one = links.group_by("conversation_id").agg(
        pl.col("contact_id").unique().alias("linked"), pl.col("contact_id").min().alias("least")
    )
    author = pl.col("contact_id")
    contact = pl.when(author.is_in(pl.col("linked"))).then(author).otherwise("least")
    joined = conversations.join(
        one, left_on="id", right_on="conversation_id", how="left", maintain_order="left"
    )
    known = pl.when(pl.col("least").is_not_null()).then(contact).otherwise(author)
    return joined.with_columns(contact_id=known).drop("linked", "least").select(
        *COLUMNS["conversations"], FILE, ROW_IN_FILE
    )  # fmt: skip
