"""What a column of texts holds, and how its times and numbers are written."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.sources.guesses.columns import column_of
from perdura.sources.guesses.names import snake_case
from perdura.sources.mapping.values.times import moments

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def column(name: str, *values: str | None):
    return column_of(pl.Series(name, values, pl.String), NOW)


@pytest.mark.parametrize(
    ("name", "values", "content"),
    [
        ("paid_at", ("2026-01-31", None), "time"),
        ("paid_at", ("2026-01-31T10:00:00Z",), "time"),
        ("created", ("1772323200", "1772409600"), "time"),
        # Numbers of ten digits are times only where the name says so.
        ("phone", ("1772323200", "1772409600"), "number"),
        ("date", ("19970101", "19970215"), "time"),
        ("order_number", ("19970101", "19970215"), "number"),
        ("is_trial", ("True", "False"), "boolean"),
        ("is_trial", ("1", "0"), "boolean"),
        ("seats", ("1", "0"), "number"),
        ("mail", ("ann@example.com", "bob@example.org"), "email"),
        ("plan", ("pro", "basic"), "text"),
        ("note", (None, ""), "empty"),
        ("amount", ("12.50", "-3"), "number"),
        ("amount", ("12,50", "1.299,00"), "number"),
        ("amount", ("12,50 €", "3,00 €"), "number"),
        ("version", ("1.2.3", "1.2.4"), "text"),
    ],
)
def test_what_a_column_holds(name: str, values: tuple[str | None, ...], content: str):
    assert column(name, *values).content == content


@pytest.mark.parametrize(
    ("values", "decimal", "is_whole", "sign"),
    [
        (("12", "13"), None, True, None),
        (("12.50", "13"), None, False, None),
        (("1,299.00", "13.10"), ".", False, None),
        (("1.299,00", "13,10"), ",", False, None),
        (("12,50 €", "13,00 €"), ",", False, "€"),
        (("$12.50", "$13.00"), ".", False, "$"),
    ],
)
def test_how_numbers_are_written(values, decimal, is_whole, sign):
    found = column("amount", *values)
    assert (found.decimal, found.is_whole, found.sign) == (decimal, is_whole, sign)


def test_words_for_nothing_are_no_values():
    found = column("customer_id", "NULL", "a", "b", "\\N")
    assert (found.null_words, found.filled, found.is_unique) == (("NULL", "\\N"), 0.5, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [("subscriptionId", "subscription_id"), ("Customer ID", "customer_id"), ("ARR ($)", "arr")],
)
def test_names_are_compared_by_their_words(name: str, words: str):
    assert snake_case(name) == words


@pytest.mark.parametrize(
    ("values", "formats", "could_be", "hours", "zone"),
    [
        (("2026-01-31", "2026-02-01"), (), (), False, False),
        (("2026-01-31 10:00:00",), (), (), True, False),
        (("2026-01-31T10:00:00+02:00",), (), (), True, True),
        (("31/01/2026", "01/02/2026"), ("%d/%m/%Y",), (), False, False),
        (("01/31/2026", "02/01/2026"), ("%m/%d/%Y",), (), False, False),
        (("03/04/2026", "05/06/2026"), ("%d/%m/%Y",), ("%m/%d/%Y",), False, False),
        (("31.01.2026 08:30",), ("%d.%m.%Y %H:%M",), (), True, False),
        (("31/01/26",), ("%d/%m/%y",), (), False, False),
        (("Jan 31, 2026", "Feb 01, 2026"), ("%b %d, %Y",), (), False, False),
        (("01/31/2026 02:05 PM",), ("%m/%d/%Y %I:%M %p",), (), True, False),
        (("2026-01-31", "2026-02-01", "31/01/2026"), ("iso", "%d/%m/%Y"), (), False, False),
    ],
)
def test_how_times_are_written(values, formats, could_be, hours, zone):
    times = column("day", *values).times
    assert times is not None
    assert times.formats == formats
    assert times.could_be == could_be
    assert (times.tells_hours, times.tells_zone) == (hours, zone)


def test_days_and_months_that_change_places_within_a_column_are_both_read():
    """A column that mixes both orders has no single form; what fits neither is left."""
    times = column("day", *["31/01/2026"] * 5, *["01/31/2026"] * 5).times
    assert times is not None
    assert set(times.formats) == {"%d/%m/%Y", "%m/%d/%Y"}


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 9_000), min_size=1, max_size=20),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d-%m-%Y", "%Y%m%d"]),
)
def test_dates_are_read_back_as_they_were_written_or_said_to_be_unsure(days: list[int], form: str):
    dates = [date(1999, 1, 1) + timedelta(days=day) for day in days]
    values = pl.Series("day", [f"{one:{form}}" for one in dates])
    times = column_of(values, NOW).times
    assert times is not None
    read = [
        moments(values, "UTC", formats, NOW).struct.field("moment").dt.date().to_list()
        for formats in (times.formats, (*times.could_be,))
        if formats or not times.could_be
    ]
    assert dates in read
    if any(one.day > 12 for one in dates):
        assert not times.could_be
