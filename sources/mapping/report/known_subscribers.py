"""How many subscribers of a table are subscribers at all: known from subscriptions or payments.

A help desk's requesters may have ids of their own. All their tickets land, nothing is amiss, and
every feature of tickets says "none".
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perdura.sources.events import MERGES, PAYMENTS, SUBSCRIPTIONS, EventTable
from perdura.sources.landing.files import count_stored, scan_stored
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKET, BUCKETS

#: Events of the newest files that are looked at: enough to tell, and soon after a change.
_NEWEST = 1_000
_LEAST = pl.col("subscriber_id").min()
#: Of more events than this a part of the subscribers is looked at, by their buckets.
_MOST = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Of the subscribers that a table's newest events name, how many are known.

    Attributes:
        subscribers: How many there are.
        known: How many of them subscriptions or payments name.
        by: The tables that tell.
        example: One of them that is not known, if there is one.
        theirs: A subscriber that the table does not name, if few are known.
        least: The share that has to be known (``known_share`` of the mapping).
    """

    subscribers: int
    known: int
    by: tuple[str, ...]
    example: str | None
    theirs: str | None
    least: float

    @property
    def is_few(self) -> bool:
        """Whether fewer than half are known: worth an example."""
        return 2 * self.known < self.subscribers

    @property
    def is_too_few(self) -> bool:
        """Whether the table is not to be relied on."""
        return self.subscribers > 1 and self.known < self.least * self.subscribers

    def in_words(self) -> str:
        """How many are known, with an example of each kind of id where these are few."""
        by = " or ".join(self.by)
        counts = f"{self.known:,} of {self.subscribers:,} subscribers are known from {by}"
        if not self.is_few:
            return counts
        theirs = f", and those of {by} such as {self.theirs!r}" if self.theirs else ""
        return (
            f"{counts}; its ids are such as {self.example!r}{theirs}. Map the id that both have, "
            "by a join if another file ties them together"
        )


def known_in(landing: Landing, table: EventTable, least: float) -> Known | None:
    """How many subscribers of what has landed last are known; ``None`` if nothing can tell.

    Of payments subscriptions tell, of other tables payments as well.

    Args:
        landing: The landed events.
        table: The table.
        least: The share that has to be known.
    """
    files = {
        other: [*landing.files(other).values()]
        for other in (SUBSCRIPTIONS, PAYMENTS)
        if other is not table
    }
    by = [other for other, paths in files.items() if count_stored(other, paths)]
    if table is SUBSCRIPTIONS or not by:
        return None
    newest = _newest(landing, table)
    share = pl.col(BUCKET) < max(1, BUCKETS * _MOST // max(_MOST, count_stored(table, newest)))
    events = {table: newest} | {other: files[other] for other in by}
    ids, *others = (
        scan_stored(one, paths).filter(share).select("subscriber_id")
        for one, paths in events.items()
    )
    named, tell = ids.unique().collect(engine="streaming"), pl.concat(others)
    known = pl.concat([tell, _merged(landing, tell)])
    unknown = named.lazy().join(known, on="subscriber_id", how="anti").collect(engine="streaming")
    if named.is_empty():
        return None
    count, strangers = named.height, unknown.height
    few = 2 * (count - strangers) < count
    theirs = tell.join(named.lazy(), on="subscriber_id", how="anti").select(_LEAST)
    return Known(
        subscribers=count,
        known=count - strangers,
        by=tuple(other.name for other in by),
        example=unknown.select(_LEAST).item(),
        theirs=theirs.collect(engine="streaming").item() if few else None,
        least=least,
    )


def _newest(landing: Landing, table: EventTable) -> list[Path]:
    """The newest files with enough events, the newest first."""
    newest: list[Path] = []
    for path in reversed(landing.files(table).values()):
        newest.append(path)
        if count_stored(table, newest) >= _NEWEST:
            break
    return newest


def _merged(landing: Landing, known: pl.LazyFrame) -> pl.LazyFrame:
    """Accounts that are one with a known one."""
    files = [*landing.files(MERGES).values()]
    merges = scan_stored(MERGES, files).select("subscriber_id", "merged_into").unique()
    pairs = [("subscriber_id", "merged_into"), ("merged_into", "subscriber_id")]
    return pl.concat(
        merges.join(known, left_on=theirs, right_on="subscriber_id", how="semi").select(
            pl.col(own).alias("subscriber_id")
        )
        for own, theirs in pairs
    )
