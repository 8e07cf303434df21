"""What a connector is: a vendor's data in, named frames in the vendor's own words out.

A connector is a package ``perdura.sources.connectors.<vendor>`` with a module ``connector`` that
has a function ``connect(connection) -> Connector``, and a file ``mapping.toml``: how its frames
become events, all but the section ``[connect.<vendor>]``. One of a company's own is a file beside
its mapping. docs/CONNECTORS.md says how to write one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import polars as pl

from perdura.sources.staged import BROKEN_ROWS


class BadConnection(ValueError):
    """A section ``[connect.NAME]`` asks for something that is not there or means nothing."""


class Unavailable(ValueError):
    """The vendor's data cannot be had: no folder, no answer, no right to read."""


class NotAsNeeded(Unavailable):
    """The vendor's data are there, and lack what they mean nothing without."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One kind of a vendor's things.

    Attributes:
        rows: One row per thing: the columns that events need, and ``staged.FILE`` and
            ``staged.ROW_IN_FILE``, which say where it stands at the vendor's. Never names, texts
            that people wrote, or e-mails, unless one is the key that things are joined by.
        broken: Things that could not be read; schema ``staged.BROKEN_ROWS``.
        notes: What the report says of it: what was approximated, what tells no event, how often.
    """

    rows: pl.LazyFrame
    broken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BROKEN_ROWS))
    notes: tuple[str, ...] = ()


class Connector(Protocol):
    """A vendor's data, found and ready to be fetched."""

    @property
    def frames(self) -> Collection[str]:
        """Names of all frames it can give."""
        ...

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame | Unavailable]:
        """The frames, with everything the vendor has come to know before ``until``.

        A frame that is not among them, or is ``Unavailable``, is missing: its tables do not land,
        unless the mapping says ``optional = true``; the others do. One of which the vendor has
        nothing is there, without rows.

        Args:
            since: What was known before has been read by an earlier extract; ``None`` if nothing
                was. What did not change since may be left out, and need not be: an event that
                has landed lands once, however often it is given.
            until: Exclusive, UTC. Giving more is no fault: it is left for later.

        Raises:
            Unavailable: Nothing can be had.
        """
        ...
