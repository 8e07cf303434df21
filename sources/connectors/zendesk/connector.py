"""The connector of Zendesk: what happened to tickets, and the keys of who asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Self

import polars as pl
from pydantic import Field, model_validator

from perdura.http_calls import RequestPace
from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import BadConnection, Connector, Frame, Unavailable
from perdura.sources.connectors.unread import unread_note
from perdura.sources.connectors.web import Web, safe_host
from perdura.sources.connectors.zendesk.account.api import LEFT_OUT, fetch_exports
from perdura.sources.connectors.zendesk.account.credentials import headers_of
from perdura.sources.connectors.zendesk.account.store import Store
from perdura.sources.connectors.zendesk.exports import ENDINGS, exported_objects, json_exports
from perdura.sources.connectors.zendesk.landed import TICKET, files_of
from perdura.sources.connectors.zendesk.landed_objects import landed_files, landed_objects
from perdura.sources.connectors.zendesk.notes import notes_of
from perdura.sources.connectors.zendesk.objects import CHANGES, COMMENTS, TICKETS, Objects
from perdura.sources.connectors.zendesk.requesters import with_requesters
from perdura.sources.connectors.zendesk.ticket_events import ticket_events

FRAMES = ("ticket_events",)
#: About how many rows of tickets, their changes and comments are in memory at once.
_ROWS_AT_ONCE = 3_000_000
_RIGHTS = "an administrator, and of an OAuth token the scope 'read'"


class ZendeskOptions(Options):
    """The keys of ``[connect.zendesk]``: a folder, or an account and its token.

    Attributes:
        folder: Where the landed tables or the exported JSON lie.
        url: The account, such as ``https://acme.zendesk.com``.
        token: The environment variable that holds its API token or OAuth token: ``$NAME``.
        email: The administrator that an API token belongs to; without it, it is an OAuth token.
        start: The first day that is fetched; by default all.
        calls_per_minute: How often its API is asked.
    """

    folder: str | None = None
    url: str | None = None
    token: str | None = None
    email: str | None = None
    start: date = date(2007, 1, 1)
    calls_per_minute: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.folder is None) == (self.url is None):
            raise ValueError("write folder = '...' for exports, or url = '...' for the API")
        if (self.url is None) != (self.token is None):
            raise ValueError("url = '...' and token = '$NAME' go together")
        return self


def connect(connection: Connection) -> Connector:
    """The connector of a section ``[connect.zendesk]``."""
    options = connection.read_options(ZendeskOptions)
    if options.folder is not None:
        return ZendeskFolder(connection, connection.folder(options.folder))
    email = options.email
    if email and email.startswith("$"):
        email = connection.secret("email", email)
    headers = headers_of(connection.secret("token", options.token or ""), email)
    return ZendeskAccount(connection, options, headers)


@dataclass(frozen=True, slots=True)
class ZendeskFolder:
    """Zendesk's data in a folder."""

    connection: Connection
    folder: Path

    @property
    def frames(self) -> tuple[str, ...]:
        """``ticket_events``: one row per event of a ticket."""
        return FRAMES

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame]:
        """The events of all tickets, of whatever day."""
        scratch, shown = self.connection.scratch, self.connection.shown
        exports, tables = json_exports(self.folder), files_of(self.folder, TICKET.name)
        read = exports if exports else landed_files(self.folder)
        note = unread_note(self.folder, read, "JSON lines", ENDINGS)
        if exports and not tables:
            objects = exported_objects(exports, scratch, shown)
            return _frames(objects, scratch, [note] if note else [])
        if exports:
            raise Unavailable(
                f"{shown(self.folder)} holds landed tables and JSON ({exports[0].name}), and both "
                "may tell the same tickets; leave one of the two there"
            )
        try:
            objects = landed_objects(self.folder, scratch, shown)
        except Unavailable as error:
            raise Unavailable(f"{error}{f'; {note}' if note else ''}") from None
        return _frames(objects, scratch, [note] if note else [])


@dataclass(frozen=True, slots=True)
class ZendeskAccount:
    """Zendesk's data behind its API, of which a copy is kept in the connection's store."""

    connection: Connection
    options: ZendeskOptions
    headers: Mapping[str, str] = field(repr=False)

    @property
    def frames(self) -> tuple[str, ...]:
        """``ticket_events``: one row per event of a ticket."""
        return FRAMES

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame]:
        """The events of all tickets, after what changed since the last run was fetched."""
        url, start = self.options.url or "", datetime.combine(self.options.start, time(), UTC)
        try:
            store = Store(self.connection.store, safe_host(url))
        except BadConnection as error:
            raise BadConnection(f"{self.connection.location}: {error}") from None
        pace = RequestPace(self.options.calls_per_minute)
        with Web(url, self.headers, pace, rights=_RIGHTS) as web:
            notes = list(fetch_exports(web, store, start, self._on_objects, self.connection.sample))
            store.compact()
            if web.server_time and (exported := web.server_time - LEFT_OUT) < until:
                notes.append(
                    "Zendesk exports what is a minute old, here up to "
                    f"{exported:%Y-%m-%d %H:%M:%S} UTC: what came later is read by the next extract"
                )
        objects = exported_objects(
            [*store.files.values()], self.connection.scratch, lambda file: file.name
        )
        return _frames(objects, self.connection.scratch, notes)

    def _on_objects(self, kind: str, count: int) -> None:
        self.connection.on_progress(f"fetching {self.connection.name}: {count:,} {kind}")


def _frames(objects: Objects, scratch: Path, notes: list[str] | None = None) -> dict[str, Frame]:
    """The events of tickets, a part of the tickets after the other set aside."""
    kinds = (TICKETS, CHANGES, COMMENTS)
    counts = pl.collect_all([objects.of(kind).select(pl.len()) for kind in kinds])
    parts = 1 + sum(count.item() for count in counts) // _ROWS_AT_ONCE
    files = [scratch / f"events-{part}.parquet" for part in range(parts)]
    for part, file in enumerate(files):
        with_requesters(ticket_events(objects, part, parts), objects).sink_parquet(file)
    events = pl.concat([pl.scan_parquet(file, glob=False) for file in files])
    found = (*(notes or ()), *notes_of(objects, events))
    return {"ticket_events": Frame(events, objects.broken, found)}
