"""Nights stay for whole months, and the newest is never among those that go."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.publish.retention import first_kept, forget_nights
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.tables import NIGHTS, RISK
from tests.support.bare_rows import bare_night, bare_row, cleared, empty_store, put_bare


@pytest.fixture(scope="module")
def store():
    with empty_store() as connection:
        yield connection


def put_nights(store: sa.Connection, *days: date) -> None:
    cleared(store)
    for day in days:
        store.execute(sa.insert(NIGHTS).values(bare_night(day)))


@pytest.mark.parametrize(
    ("newest", "months", "first"),
    [
        (date(2026, 3, 31), 1, date(2026, 3, 1)),
        (date(2026, 3, 1), 1, date(2026, 3, 1)),
        (date(2026, 3, 31), 2, date(2026, 2, 1)),
        (date(2026, 1, 15), 2, date(2025, 12, 1)),
        (date(2026, 1, 15), 13, date(2025, 1, 1)),
        (date(2024, 2, 29), 12, date(2023, 3, 1)),
        (date(2026, 12, 31), 12, date(2026, 1, 1)),
    ],
)
def test_the_month_of_the_newest_night_is_the_first_that_counts(store, newest, months, first):
    put_nights(store, newest)
    assert first_kept(store, newest, months) == first


@given(newest=st.dates(date(1990, 1, 1), date(2099, 12, 31)), months=st.integers(1, 200))
def test_it_is_as_many_firsts_of_months_back(store, newest, months):
    put_nights(store, newest)
    day = newest.replace(day=1)
    for _ in range(months - 1):
        day = (day - timedelta(days=1)).replace(day=1)
    assert first_kept(store, newest, months) == day


def test_an_old_night_that_is_published_late_stays(store):
    old, newest = date(2025, 6, 17), date(2026, 3, 2)
    put_nights(store, old, newest)
    assert first_kept(store, old, 1) == date(2025, 6, 1)
    assert first_kept(store, newest, 1) == date(2026, 3, 1)


def test_before_the_first_night_it_is_the_month_of_the_one_to_come(store):
    cleared(store)
    assert first_kept(store, date(2026, 3, 2), 1) == date(2026, 3, 1)


@pytest.mark.parametrize("months", [0, -1])
def test_fewer_than_one_month_is_refused(store, months):
    with pytest.raises(ValueError, match=f"at least 1 month are kept, got {months}"):
        first_kept(store, date(2026, 3, 2), months)


def test_older_nights_go_with_rows_and_phrases_and_the_portfolio_stays(store):
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    cleared(store)
    put_bare(store, *(bare_row("ann", day) for day in days))
    for day in days:
        said = {"scored_on": day, "number": 1, "text": "Call"}
        store.execute(sa.insert(PHRASES).values(said))
        sums = {"subscribers": 1, "mrr": 1, "expected_loss": 1, "by_payment": 0}
        entry = {"scored_on": day, "band": "high", "currency": "EUR", **sums}
        store.execute(sa.insert(PORTFOLIO).values(entry))
    forget_nights(store, date(2026, 2, 28))
    for table in (NIGHTS, RISK, PHRASES):
        found = store.scalars(sa.select(table.c.scored_on).order_by(table.c.scored_on)).all()
        assert found == days[1:], table.name
    assert store.scalar(sa.select(sa.func.count()).select_from(PORTFOLIO)) == 3
