"""What the landed tables record of churn: since when, until when, and in which table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from perdura.sources.events import EVENT_TABLES, PAYMENTS, SUBSCRIPTIONS
from perdura.sources.merges import Events, known_before

_LEAVING = ("ended", "cancel_scheduled")
#: A table without an event for this long is taken to have been exported earlier.
_QUIET = timedelta(days=14)
#: Churn counts as unrecorded at first only if no subscriber left for this long, and
_UNRECORDED = timedelta(days=60)
#: this many would have left at the later rate: zero then has a chance of one in a thousand.
_EXPECTED = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What the landed tables hold before ``known_until``.

    Attributes:
        rows: Events by table, of those whose rows come every day.
        leavings: Events by which a subscription ends or is cancelled.
        recorded_since: No subscriber left before it, though many would have at the later rate;
            ``None``: churn is recorded from the beginning.
        telling: The table that records churn.
        newest: Its newest event.
        known_until: Outcomes are counted until then.
        contacts_missing_since: No contact is on record since, though there were some before;
            ``None``: none is missing.
    """

    rows: Mapping[str, int]
    leavings: int
    recorded_since: datetime | None
    telling: str
    newest: datetime | None
    known_until: datetime
    contacts_missing_since: datetime | None = None

    @property
    def silent(self) -> bool:
        """Whether the table that records churn ends long before ``known_until``."""
        return self.newest is not None and self.newest + _QUIET < self.known_until

    @property
    def missing(self) -> list[str]:
        """The tables without rows."""
        return [name for name, count in self.rows.items() if not count]

    @property
    def notes(self) -> tuple[str, ...]:
        """What readers of a model trained on these tables should know, in words."""
        notes: list[str] = []
        if self.recorded_since is not None:
            notes.append(
                f"The first cancellation on record is of {self.recorded_since:%Y-%m-%d}, as in an "
                "export that starts with the subscribers of that day. Earlier dates are left out: "
                "nothing says who left then."
            )
        if self.silent:
            notes.append(
                f"The newest event in {self.telling} is of {self.newest:%Y-%m-%d}, and outcomes "
                f"are counted until {self.known_until:%Y-%m-%d}: who left in between counts as "
                f"having stayed. If the export ended there, run perdura train --until "
                f"{self.export_ended:%Y-%m-%d}."
            )
        if self.contacts_missing_since is not None:
            notes.append(
                f"No contact by support is on record since {self.contacts_missing_since:%Y-%m-%d}, "
                "though there were some before: subscribers contacted since then count as if "
                "no one had called, so risks may be too low. See whether the source of contacts "
                "still works, and extract again."
            )
        return tuple(notes)

    @property
    def export_ended(self) -> datetime:
        """The day after the newest event."""
        return (self.newest or self.known_until) + timedelta(days=1)


def source_facts(events: Events, *, churn: str, known_until: datetime) -> SourceFacts:
    """What the tables hold.

    Args:
        events: The event tables by name.
        churn: ``contract``: subscriptions record churn. ``silence``: payments do.
        known_until: Only rows with ``known_at < known_until`` are read.
    """
    known = known_before(events, known_until)
    telling = PAYMENTS.name if churn == "silence" else SUBSCRIPTIONS.name
    ended = pl.col("kind").is_in(_LEAVING)
    return SourceFacts(
        rows={
            t.name: known[t.name].select(pl.len()).collect().item()
            for t in EVENT_TABLES
            if t.is_steady and t.name in known
        },
        leavings=known[SUBSCRIPTIONS.name].filter(ended).select(pl.len()).collect().item(),
        recorded_since=recorded_since(known[SUBSCRIPTIONS.name], known_until),
        telling=telling,
        newest=known[telling].select(pl.col("happened_at").max()).collect().item(),
        known_until=known_until,
    )


def recorded_since(subscriptions: pl.LazyFrame, known_until: datetime) -> datetime | None:
    """Since when churn is recorded, where it is not from the beginning.

    An export of the customers of one day, with those who left lately, has no churn before that
    day. A business without churn is told apart by the number expected at the later rate:
    subscriber-days before the first leaving, times leavings per subscriber-day after it.

    Args:
        subscriptions: Known events.
        known_until: Events are known until then.

    Returns:
        The first leaving; ``None`` where too few were expected to leave before it.
    """
    left, happened_at = pl.col("kind").is_in(_LEAVING), pl.col("happened_at")
    spans = subscriptions.group_by("subscriber_id").agg(
        begins=happened_at.min(), leaves=happened_at.filter(left).min()
    )
    totals = spans.select(
        first=pl.col("leaves").min(), begins=pl.col("begins").min(), left=pl.col("leaves").count()
    ).collect()
    first, begins, leavers = totals.row(0)
    if first is None or first - begins < _UNRECORDED:
        return None
    ends = pl.coalesce("leaves", pl.lit(known_until))
    before = (pl.lit(first) - pl.col("begins")).dt.total_seconds().clip(0).sum()
    after = (ends - pl.max_horizontal("begins", pl.lit(first))).dt.total_seconds().clip(0).sum()
    days = spans.select(before=before, after=after).collect().row(0)
    return first if days[0] * leavers > _EXPECTED * days[1] else None
