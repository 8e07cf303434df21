"""Intercom's conversations as frames."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.connectors.cells import empty_table
from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import Frame, Unavailable
from perdura.sources.connectors.intercom.columns import COLUMNS
from perdura.sources.connectors.intercom.conversations import (
    conversation_frames,
    newest_contacts,
)
from perdura.sources.connectors.intercom.objects import json_files, read_json
from perdura.sources.connectors.intercom.tables import read_tables, table_files
from perdura.sources.connectors.landed import ReadTable
from perdura.sources.connectors.unread import unread_note
from perdura.sources.row_count import count_rows


class IntercomOptions(Options):
    """Where Intercom's exports are."""

    folder: str


class IntercomExport:
    """Conversations in a folder: JSON lines, or landed tables."""

    frames = ("conversations", "parts", "contacts")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._folder = connection.folder(connection.read_options(IntercomOptions).folder)

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame | Unavailable]:
        """All frames, whatever was read before: a folder has all of it."""
        read = read_json(self._connection, self._folder)
        history = "conversations" not in read
        if history:
            read |= read_tables(self._connection, self._folder)
        unread = unread_files(self._folder, tables=history)
        if "conversations" not in read:
            raise Unavailable(
                f"no conversations in {self._folder}: expected conversations.jsonl, as the API "
                "lists them, or conversation_history as CSV or Parquet, as Fivetran lands it"
                f"{f'; {unread}' if unread else ''}"
            )
        contacts = newest_contacts(_rows(read, "contacts"))
        told = conversation_frames(
            _rows(read, "conversations"), _rows(read, "parts"), contacts, history=history
        )
        frames = {"conversations": told.conversations, "parts": told.parts, "contacts": contacts}
        notes = {"conversations": (*([unread] if unread else []), *_notes(read))}
        return {
            name: Frame(rows, read[name].broken, notes.get(name, ()))
            if name in read
            else Frame(rows, notes=notes.get(name, ()))
            for name, rows in frames.items()
        }


def unread_files(folder: Path, *, tables: bool) -> str | None:
    """What lies in a folder and is not read, in words; ``None`` if nothing does."""
    read = table_files(folder) if tables else []
    return unread_note(folder, [*json_files(folder), *read], "JSON lines", ())


def _notes(read: Mapping[str, ReadTable]) -> tuple[str, ...]:
    parts = _rows(read, "parts").select("conversation_id").unique()
    known = _rows(read, "conversations").select(conversation_id="id").unique()
    counts = (known, known.join(parts, on="conversation_id", how="anti"))
    every, without = map(count_rows, counts)
    if not without:
        return ()
    words = (
        f"{without:,} of {every:,} conversations come without parts: when they were answered and "
        "closed their statistics say, and when each was opened again nothing does"
    )
    return (words,)


def _rows(read: Mapping[str, ReadTable], name: str) -> pl.LazyFrame:
    return read[name].rows if name in read else empty_table(COLUMNS[name])


def connect(connection: Connection) -> IntercomExport:
    """Intercom's exports where a section says."""
    return IntercomExport(connection)
