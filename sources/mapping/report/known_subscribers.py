"""How many subscribers of a table are subscribers at all: known from subscriptions or payments.

A help desk's requesters may have ids of their own. All their tickets land, nothing is amiss, and
every feature of tickets says "none".
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perdura.sources.events import MERGES, PAYMENTS, SUBSCRIPTIONS, EventTable
from perdura.sources.landing.files import scan_stored
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKET, BUCKETS

#: Events of the newest files that are looked at: enough to tell, and soon after a change.
_NEWEST = 1_000
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
    others = [other for other in (SUBSCRIPTIONS, PAYMENTS) if other is not table]
    files = {other.name: [*landing.files(other).values()] for other in others}
    by = [other for other in others if _rows(other, files[other.name])]
    if table is SUBSCRIPTIONS or not by:
        return None
    newest = _newest(landing, table)
    share = pl.col(BUCKET) < max(1, BUCKETS * _MOST // max(_MOST, _rows(table, newest)))
    named = _subscribers(table, newest, share).unique().collect(engine="streaming")
    known_ids = [_subscribers(other, files[other.name], share) for other in by]
    known = pl.concat([*known_ids, _merged(landing, known_ids)])
    unknown = _not_among(named.lazy(), known).collect(engine="streaming")
    count, strangers = named.height, unknown.height
    if not count:
        return None
    few = 2 * (count - strangers) < count
    theirs = _not_among(pl.concat(known_ids), named.lazy())
    return Known(
        subscribers=count,
        known=count - strangers,
        by=tuple(other.name for other in by),
        example=_least(unknown.lazy()) if strangers else None,
        theirs=_least(theirs) if few else None,
        least=least,
    )


def _not_among(rows: pl.LazyFrame, others: pl.LazyFrame) -> pl.LazyFrame:
    return rows.join(others, on="subscriber_id", how="anti")


def _least(rows: pl.LazyFrame) -> str | None:
    return rows.select(pl.col("subscriber_id").min()).collect(engine="streaming").item()


def _newest(landing: Landing, table: EventTable) -> list[Path]:
    """The newest files with enough events, the newest first."""
    newest: list[Path] = []
    for path in reversed(landing.files(table).values()):
        newest.append(path)
        if _rows(table, newest) >= _NEWEST:
            break
    return newest


def _subscribers(table: EventTable, files: list[Path], share: pl.Expr) -> pl.LazyFrame:
    return scan_stored(table, files).filter(share).select("subscriber_id")


def _merged(landing: Landing, known_ids: list[pl.LazyFrame]) -> pl.LazyFrame:
    """Accounts that are one with a known one."""
    files = [*landing.files(MERGES).values()]
    merges = scan_stored(MERGES, files).select("subscriber_id", "merged_into").unique()
    known = pl.concat(known_ids)
    pairs = [("subscriber_id", "merged_into"), ("merged_into", "subscriber_id")]
    return pl.concat(
        merges.join(known, left_on=theirs, right_on="subscriber_id", how="semi").select(
            pl.col(own).alias("subscriber_id")
        )
        for own, theirs in pairs
    )


def _rows(table: EventTable, files: list[Path]) -> int:
    return scan_stored(table, files).select(pl.len()).collect().item()
