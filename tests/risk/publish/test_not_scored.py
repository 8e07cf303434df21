"""The MRR of subscribers whom a night leaves out: replaced as a whole, in one order."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from perdura.risk.publish.not_scored import NotScored, not_scored_of, write_not_scored
from perdura.risk.schema.not_scored import NOT_SCORED
from tests.support.bare_rows import NIGHT, cleared, empty_store

ROWS = st.lists(
    st.builds(
        NotScored,
        state=st.sampled_from(["trial", "paused", "leaving"]),
        currency=st.sampled_from(["", "EUR", "JPY"]),
        subscribers=st.integers(1, 10**6),
        mrr=st.integers(0, 2**62),
        unpriced=st.integers(0, 10),
    ),
    unique_by=lambda row: (row.state, row.currency),
    max_size=6,
)


@pytest.fixture(scope="module")
def store():
    with empty_store() as connection:
        yield connection


def of(state: str, currency: str = "EUR") -> NotScored:
    return NotScored(state=state, currency=currency, subscribers=1, mrr=10)


@given(rows=ROWS, before=ROWS)
def test_the_rows_of_a_night_are_those_written_last_by_state_and_currency(store, rows, before):
    cleared(store)
    write_not_scored(store, NIGHT, before)
    write_not_scored(store, NIGHT, rows)
    assert not_scored_of(store, NIGHT) == sorted(rows, key=lambda row: (row.state, row.currency))


def test_another_night_keeps_its_own(store):
    other = NIGHT + timedelta(days=1)
    cleared(store)
    write_not_scored(store, other, [of("paused")])
    write_not_scored(store, NIGHT, [of("trial")])
    write_not_scored(store, NIGHT, [])
    assert not_scored_of(store, NIGHT) == []
    assert not_scored_of(store, other) == [of("paused")]


def test_the_same_rows_again_in_another_order_write_nothing(store):
    cleared(store)
    write_not_scored(store, NIGHT, [of("trial"), of("paused")])
    written: list[str] = []

    def note(*told: object) -> None:
        written.append(str(told[2]))

    event.listen(store, "before_cursor_execute", note)
    write_not_scored(store, NIGHT, [of("paused"), of("trial")])
    event.remove(store, "before_cursor_execute", note)
    assert [sql for sql in written if not sql.startswith(("SELECT", "PRAGMA"))] == []


def test_a_store_that_an_older_version_made_has_none():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        assert not_scored_of(connection, NIGHT) == []
        NOT_SCORED.create(connection)
        assert not_scored_of(connection, NIGHT) == []
    engine.dispose()
