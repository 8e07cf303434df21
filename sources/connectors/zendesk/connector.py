"""The connector of Zendesk: what happened to tickets, and the keys of who asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import Connector, Frame, Unavailable
from perdura.sources.connectors.zendesk.exports import exported_objects, json_exports
from perdura.sources.connectors.zendesk.landed import TICKET, files_of
from perdura.sources.connectors.zendesk.landed_objects import landed_objects
from perdura.sources.connectors.zendesk.notes import notes_of
from perdura.sources.connectors.zendesk.objects import CHANGES, COMMENTS, TICKETS, Objects
from perdura.sources.connectors.zendesk.requesters import with_requesters
from perdura.sources.connectors.zendesk.ticket_events import ticket_events

#: About how many rows of tickets, their changes and comments are in memory at once.
_ROWS_AT_ONCE = 3_000_000


class ZendeskOptions(Options):
    """The keys of ``[connect.zendesk]``.

    Attributes:
        folder: Where the landed tables or the exported JSON lie.
    """

    folder: str


def connect(connection: Connection) -> Connector:
    """The connector of a section ``[connect.zendesk]``."""
    options = connection.read_options(ZendeskOptions)
    return ZendeskFolder(connection, connection.folder(options.folder))


@dataclass(frozen=True, slots=True)
class ZendeskFolder:
    """Zendesk's data in a folder."""

    connection: Connection
    folder: Path

    @property
    def frames(self) -> tuple[str, ...]:
        """``ticket_events``: one row per event of a ticket."""
        return ("ticket_events",)

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame]:
        """The events of all tickets, of whatever day."""
        scratch = self.connection.scratch
        objects = self._objects(scratch)
        events = pl.concat(list(_in_parts(objects, scratch)))
        notes = notes_of(objects, events)
        return {"ticket_events": Frame(events, objects.broken, notes)}

    def _objects(self, scratch: Path) -> Objects:
        exports, shown = json_exports(self.folder), self.connection.shown
        if not files_of(self.folder, TICKET.name) and exports:
            return exported_objects(exports, scratch, shown)
        if exports:
            raise Unavailable(
                f"{shown(self.folder)} holds landed tables and JSON ({exports[0].name}), and both "
                "may tell the same tickets; leave one of the two there"
            )
        return landed_objects(self.folder, scratch, shown)


def _in_parts(objects: Objects, scratch: Path) -> Iterator[pl.LazyFrame]:
    """The events, a part of the tickets after the other set aside."""
    kinds = (TICKETS, CHANGES, COMMENTS)
    counts = pl.collect_all([objects.of(kind).select(pl.len()) for kind in kinds])
    parts = 1 + sum(count.item() for count in counts) // _ROWS_AT_ONCE
    for part in range(parts):
        file = scratch / f"events-{part}.parquet"
        with_requesters(ticket_events(objects, part, parts), objects).sink_parquet(file)
        yield pl.scan_parquet(file, glob=False)
