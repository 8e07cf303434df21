"""What the report says of an export: what was read, what of it tells events, what is odd."""

from collections.abc import Iterator

import polars as pl

from perdura.sources.connectors.zendesk.held_fields import PRIORITIES
from perdura.sources.connectors.zendesk.objects import CHANGES, COMMENTS, RATINGS, TICKETS, Objects
from perdura.sources.connectors.zendesk.requesters import requester_note
from perdura.sources.connectors.zendesk.time_line import ENDED
from perdura.sources.staged import FILE

_STATUSES = ("new", "open", "pending", "hold", "on-hold", *ENDED)
#: Kinds of things that tell events.
_TELLING = (TICKETS, CHANGES, COMMENTS, RATINGS)
_SCORES = r"^(good|bad|offered|unoffered|[1-5]$)"
#: How many odd values are shown.
_SHOWN = 3


def notes_of(objects: Objects, events: pl.LazyFrame) -> tuple[str, ...]:
    """The notes of ``events``, which were made of ``objects``."""
    return (
        *objects.notes,
        *_files(objects, events),
        *_odd(objects),
        *filter(None, [requester_note(events)]),
    )


def _files(objects: Objects, events: pl.LazyFrame) -> Iterator[str]:
    """Of each file, the number of its rows, and of those that tell an event."""
    told = dict(events.group_by(FILE).len().collect(engine="streaming").iter_rows())
    for kind, rows in objects.tables.items():
        counts = rows.group_by(FILE).len().sort(FILE).collect(engine="streaming")
        for file, count in counts.iter_rows():
            of = " of the fields that tell events" if kind is CHANGES else ""
            events_of = f", {told.get(file, 0):,} events" if kind in _TELLING else ""
            yield f"{file}: {count:,} {kind.name}{of}{events_of}"


def _odd(objects: Objects) -> Iterator[str]:
    """Values that none of Zendesk's own."""
    changes = objects.of(CHANGES)
    for field, known, effect in (
        ("priority", list(PRIORITIES), "none of them is an escalation"),
        ("status", list(_STATUSES), "a ticket with one of them counts as open"),
    ):
        odd = changes.filter((pl.col("field") == field) & ~pl.col("value").is_in(known))
        yield from _words(odd, "value", field, effect)
    scores = pl.concat(
        [
            objects.of(RATINGS).select("score"),
            changes.filter(pl.col("field") == "satisfaction_score").select(score="value"),
        ]
    )
    odd = scores.filter(~pl.col("score").str.to_lowercase().str.contains(_SCORES))
    yield from _words(odd, "score", "satisfaction score", "none of them is a rating")


def _words(odd: pl.LazyFrame, column: str, what: str, effect: str) -> Iterator[str]:
    found = (
        odd.group_by(column)
        .len()
        .sort("len", column, descending=[True, False])
        .collect(engine="streaming")
    )
    if not found.is_empty():
        words = ", ".join(repr(value[:40]) for value in found[column].head(_SHOWN))
        yield f"{found['len'].sum():,} times a {what} that Zendesk has not ({words}): {effect}"
