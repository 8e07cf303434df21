"""Stripe as a connector: an export folder in, frames in Stripe's words out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import Connector, Frame, Unavailable
from perdura.sources.connectors.stripe.frames import NEEDS, Frames
from perdura.sources.connectors.stripe.notes import notes_on
from perdura.sources.connectors.stripe.raw import STEMS, kinds_in, read
from perdura.sources.staged import BROKEN_ROWS

#: The kind of objects of which a frame counts broken lines, if that is not its name. Of plans it is
#: none: they are made of subscriptions, which count their own.
_READ_FROM = {"changes": "events", "plans": ""}


class StripeOptions(Options):
    """The keys of ``[connect.stripe]``.

    Attributes:
        folder: Where the export lies.
        metadata: Keys of metadata that become columns ``metadata_<key>`` of customers and
            subscriptions.
    """

    folder: str
    metadata: tuple[str, ...] = ()


def connect(connection: Connection) -> Connector:
    """The connector of a section."""
    options = connection.read_options(StripeOptions)
    return _Export(connection, connection.folder(options.folder), options.metadata)


@dataclass(frozen=True, slots=True)
class _Export:
    """A folder of JSON lines or of tables."""

    connection: Connection
    folder: Path
    metadata: tuple[str, ...]

    @property
    def frames(self) -> Collection[str]:
        return tuple(NEEDS)

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame]:
        files, others = kinds_in(self.folder)
        if not files:
            raise Unavailable(_nothing(self.folder, others))
        wanted = [name for name in NEEDS if name in self.connection.wanted]
        needed = frozenset(kind for name in wanted for kind in NEEDS[name])
        shown = {path: self.connection.shown(path) for paths in files.values() for path in paths}
        raw = read(self.folder, self.connection.scratch, shown, needed)
        frames = Frames(raw, self.metadata)
        found: dict[str, Frame] = {}
        none = pl.DataFrame(schema=BROKEN_ROWS)
        for name in wanted:
            if NEEDS[name][0] in files:
                broken = raw.broken.get(_READ_FROM.get(name, name), none)
                found[name] = Frame(frames.rows(name), broken, notes_on(name, frames))
        return found


def _nothing(folder: Path, others: list[str]) -> str:
    there = f"; there is {', '.join(others[:5])}" if others else ""
    return (
        f"no export of Stripe in {folder}: it needs files such as subscriptions.jsonl, "
        f"invoices.jsonl and charges.jsonl (or .csv, .parquet){there}; known are "
        f"{', '.join(sorted(stem for stems in STEMS.values() for stem in stems))}"
    )
