"""In an hour that clocks showed twice the order of things decides which of the two was meant."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from perdura.sources.events import MOMENT, SUBSCRIPTIONS, TICKETS, USAGE, EventTable
from perdura.sources.mapping.values.repeated_hour import PUT_BACK, openings_first

HOUR = timedelta(hours=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, 25, hour, minute, tzinfo=UTC)


def happened(
    table: EventTable, *rows: tuple[str, str, str | None, datetime, timedelta | None]
) -> list[datetime]:
    """When each event happened, in the order given: subscriber, kind, thing, time, put back."""
    frame = pl.DataFrame(
        rows,
        schema={
            "subscriber_id": pl.String,
            "kind": pl.String,
            table.thing or "thing": pl.String,
            "happened_at": MOMENT,
            PUT_BACK: pl.Duration("us"),
        },
        orient="row",
    )
    return openings_first(table, frame)["happened_at"].to_list()


def test_a_ticket_opened_at_0250_and_solved_at_0210_was_opened_in_the_first_of_the_hours():
    rows = ("ann", "opened", "t", at(1, 50), HOUR), ("ann", "resolved", "t", at(1, 10), HOUR)
    assert happened(TICKETS, *rows) == [at(0, 50), at(1, 10)]
    assert happened(TICKETS, *rows[::-1]) == [at(1, 10), at(0, 50)]


@pytest.mark.parametrize(
    ("what", "closing"),
    [
        ("the later reading fits", ("ann", "resolved", "t", at(1, 55), HOUR)),
        ("the earlier reading fits no better", ("ann", "resolved", "t", at(0, 40), None)),
        ("it is of another ticket", ("ann", "resolved", "u", at(1, 10), HOUR)),
        ("it is of another subscriber", ("bob", "resolved", "t", at(1, 10), HOUR)),
        ("it opens as well", ("ann", "opened", "t", at(1, 10), HOUR)),
    ],
)
def test_an_opening_stays_where(what: str, closing):
    opening = ("ann", "opened", "t", at(1, 50), HOUR)
    assert happened(TICKETS, opening, closing)[0] == at(1, 50)


def test_at_the_very_moment_of_the_earlier_reading_it_may_still_be_moved():
    rows = ("ann", "opened", "t", at(1, 50), HOUR), ("ann", "replied", "t", at(0, 50), None)
    assert happened(TICKETS, *rows)[0] == at(0, 50)


def test_what_was_told_of_one_moment_alone_is_never_moved():
    rows = ("ann", "opened", "t", at(1, 50), None), ("ann", "resolved", "t", at(1, 10), HOUR)
    assert happened(TICKETS, *rows) == [at(1, 50), at(1, 10)]


def test_by_half_an_hour_where_clocks_were_put_back_by_that():
    half = timedelta(minutes=30)
    rows = ("ann", "started", "s", at(1, 20), half), ("ann", "ended", "s", at(1, 0), half)
    assert happened(SUBSCRIPTIONS, *rows) == [at(0, 50), at(1, 0)]


def test_the_first_of_several_that_followed_decides():
    opening = ("ann", "opened", "t", at(1, 50), HOUR)
    later = ("ann", "resolved", "t", at(5), None), ("ann", "replied", "t", at(1, 20), HOUR)
    assert happened(TICKETS, opening, *later)[0] == at(0, 50)
    assert happened(TICKETS, opening, later[0])[0] == at(1, 50)


def test_events_of_no_thing_and_tables_without_things_stay():
    assert happened(USAGE, ("ann", "opened", None, at(1, 50), HOUR)) == [at(1, 50)]
    rows = ("ann", "opened", None, at(1, 50), HOUR), ("ann", "resolved", None, at(1, 10), HOUR)
    assert happened(TICKETS, *rows) == [at(1, 50), at(1, 10)]
    assert happened(TICKETS) == []
