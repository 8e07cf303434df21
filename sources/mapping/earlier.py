"""What earlier extracts have made of one table: what the next one may not contradict."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.files import count_stored, scan_stored
from perdura.sources.landing.landing import Day, Landing
from perdura.sources.landing.partition import BUCKET, Part


@dataclass(frozen=True, slots=True)
class EarlierExtracts:
    """What one extract of one table finds in the landing.

    Attributes:
        since: The newest end of a finished extract that read the table, of this day or any
            other, under the same mapping; ``None`` if there is none. What no file holds was
            not to be read before.
        held: Events that the file of this day holds, under the same mapping, with their buckets;
            a day that was broken off before its end left them under the one of all other days.
            ``None`` if there is no such file.
        landed: Events that other days' files hold, with their buckets; ``None`` if none does.
        held_rows: How many this day's file holds so.
        landed_rows: How many other days' files hold.
        degraded: Whether the table was degraded when this day was last done.
        changed: The connections that another version of their connector was read by on the newest
            other day, and that day.
    """

    since: datetime | None
    held: pl.LazyFrame | None
    landed: pl.LazyFrame | None
    held_rows: int
    landed_rows: int
    degraded: bool
    changed: tuple[tuple[str, ...], date] | None = None

    def has_none_after(self, until: datetime) -> bool:
        """Whether no extract with a later end has been done."""
        return self.since is None or self.since <= until

    def for_part(self, part: Part) -> "EarlierExtracts":
        """Of the subscribers of one part; the counts are still of all."""
        own = part.has(pl.col(BUCKET))
        held, landed = (
            rows if rows is None else rows.filter(own) for rows in (self.held, self.landed)
        )
        return replace(self, held=held, landed=landed)


def earlier(
    landing: Landing, table: EventTable, mapping: str, connectors: Mapping[str, str], day: date
) -> EarlierExtracts:
    """What is known of ``table`` before ``day`` is extracted, perhaps again.

    Args:
        landing: The landed events.
        table: The contract.
        mapping: Fingerprint of the table's mapping.
        connectors: The version of each connection that it is read from.
        day: The extract day.
    """
    files, days = landing.files(table), landing.days()
    marks = {
        other_day: kept.mappings[table.name]
        for other_day, kept in days.items()
        if table.name in kept.mappings
    }
    # By a changed connector, too, the day itself is done anew; other days have been read.
    if day in days and changed_connectors(days[day], table, connectors):
        marks[day] = ""
    ends = [days[other_day].until for other_day in files if marks.get(other_day) == mapping]
    same = marks[day] == mapping if day in marks else bool(ends)
    held = [files[day]] if day in files and same else []
    others = [path for other_day, path in files.items() if other_day != day]
    return EarlierExtracts(
        since=max(ends, default=None),
        held=scan_stored(table, held) if held else None,
        landed=scan_stored(table, others) if others else None,
        held_rows=count_stored(table, held),
        landed_rows=count_stored(table, others),
        degraded=day in days and table.name in days[day].degraded,
        changed=_changed(days, table, connectors, day),
    )


def changed_connectors(
    day: Day, table: EventTable, connectors: Mapping[str, str]
) -> tuple[str, ...]:
    """The connections that another version of their connector was read by on a day."""
    before = day.connectors.get(table.name, {})
    return tuple(name for name, now in connectors.items() if before.get(name, now) != now)


def _changed(
    days: Mapping[date, Day], table: EventTable, connectors: Mapping[str, str], day: date
) -> tuple[tuple[str, ...], date] | None:
    others = (one for one in days if one != day and table.name in days[one].connectors)
    newest = max(others, default=None)
    if newest is None:
        return None
    names = changed_connectors(days[newest], table, connectors)
    return (names, newest) if names else None
