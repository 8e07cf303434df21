"""The views as loops over the tables: the newest night as it stands, who moved, all nights."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.schema.recent import STATES, STATES_KNOWN
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import BANDS, NIGHTS, SCORED_STATES
from perdura.risk.schema.views import CURRENT, HISTORY, MOVES, VIEWS, create_views, drop_views
from tests.support.bare_rows import (
    NIGHT,
    bare_night,
    bare_row,
    cleared,
    empty_store,
    midnight,
    put_bare,
)

IDS = ("ann", "bob", "cid")
NIGHTS_OF_A_WEEK = [NIGHT + timedelta(days=days) for days in range(3)]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "subscriber_id": st.sampled_from(IDS),
            "scored_on": st.sampled_from(NIGHTS_OF_A_WEEK),
            "state": st.sampled_from(SCORED_STATES),
            "band": st.sampled_from(BANDS),
            "band_before": st.sampled_from([*BANDS, None]),
            "cltv": st.none() | st.integers(0, 10),
            "expected_lifetime_loss": st.none() | st.integers(0, 10),
        }
    ),
    max_size=6,
    unique_by=lambda row: (row["subscriber_id"], row["scored_on"]),
)
# States as of a moment before and after midnight of each night.
NOW = st.lists(
    st.fixed_dictionaries(
        {
            "subscriber_id": st.sampled_from(IDS),
            "state": st.sampled_from(STATES_KNOWN),
            "hours": st.sampled_from([-1, 1, 23, 25, 49]),
        }
    ),
    max_size=3,
    unique_by=lambda row: row["subscriber_id"],
)


@pytest.fixture(scope="module")
def store() -> Iterator[sa.Connection]:
    with empty_store() as connection:
        yield connection


def put(store: sa.Connection, rows: list[dict[str, Any]], states: list[dict[str, Any]]) -> None:
    cleared(store)
    put_bare(store, *(bare_row(**row) for row in rows))
    for one in states:
        as_of = midnight(NIGHT) + timedelta(hours=one["hours"])
        values = {"subscriber_id": one["subscriber_id"], "state": one["state"], "as_of": as_of}
        store.execute(sa.insert(STATES).values(since=as_of - timedelta(hours=1), **values))


def found(store: sa.Connection, view: sa.Table, *names: str) -> list[tuple[Any, ...]]:
    query = sa.select(*(view.c[name] for name in names))
    return sorted(map(tuple, store.execute(query)), key=repr)


def stands(row: dict[str, Any], states: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The state that is known of a row's subscriber since its night; a night's own is none."""
    for one in states:
        known = midnight(NIGHT) + timedelta(hours=one["hours"])
        if one["subscriber_id"] == row["subscriber_id"] and known > midnight(row["scored_on"]):
            return one
    return None


@given(rows=ROWS, states=NOW)
def test_the_current_view_is_the_newest_night_with_the_states_since(store, rows, states):
    put(store, rows, states)
    newest = max((row["scored_on"] for row in rows), default=None)
    expected = []
    for row in rows:
        if row["scored_on"] == newest:
            now = stands(row, states)
            parts = (row["cltv"], row["expected_lifetime_loss"])
            expected.append(
                (
                    row["subscriber_id"],
                    now["state"] if now else row["state"],
                    row["state"],
                    None if None in parts else sum(parts),
                )
            )
    names = ("subscriber_id", "state", "state_scored", "value_if_stays")
    assert found(store, CURRENT, *names) == sorted(expected, key=repr)


@given(rows=ROWS, states=NOW)
def test_moves_are_the_subscribers_of_the_newest_night_in_another_band(store, rows, states):
    put(store, rows, states)
    newest = max((row["scored_on"] for row in rows), default=None)
    expected = [
        (row["subscriber_id"], row["band_before"], row["band"])
        for row in rows
        if row["scored_on"] == newest and row["band_before"] not in (None, row["band"])
    ]
    assert found(store, MOVES, "subscriber_id", "band_before", "band") == sorted(expected, key=repr)


@given(rows=ROWS, states=NOW)
def test_the_history_has_every_night_as_it_was_scored(store, rows, states):
    put(store, rows, states)
    expected = [(str(row["scored_on"]), row["subscriber_id"], row["state"]) for row in rows]
    shown = found(store, HISTORY, "scored_on", "subscriber_id", "state")
    assert [(str(day), *others) for day, *others in shown] == sorted(expected)


def test_a_newest_night_without_rows_is_empty_and_no_older_one_takes_its_place(store):
    put(store, [{"subscriber_id": "ann", "scored_on": NIGHT}], [])
    empty = bare_night(NIGHT + timedelta(days=1), rows=0)
    store.execute(sa.insert(NIGHTS).values(empty))
    assert found(store, CURRENT, "subscriber_id") == []
    assert found(store, HISTORY, "subscriber_id") == [("ann",)]


def test_since_when_a_state_is_another_is_said_with_its_zone(store):
    put(store, [{"subscriber_id": "ann", "scored_on": NIGHT}], [])
    moment = midnight(NIGHT) + timedelta(hours=5, microseconds=7)
    row = {"subscriber_id": "ann", "state": "gone", "since": moment}
    store.execute(sa.insert(STATES).values(as_of=moment + timedelta(hours=1), **row))
    ((since,),) = found(store, CURRENT, "state_since")
    assert since == moment
    assert since.utcoffset() == timedelta(0)


def test_the_current_view_has_every_declared_column_and_what_it_knows_besides():
    declared = {column.name for column in RISK_COLUMNS}
    assert {*CURRENT.c.keys()} - declared == {"state_scored", "state_since", "value_if_stays"}
    assert declared <= {*CURRENT.c.keys()}
    assert VIEWS == ("risk_current", "risk_moves", "risk_history")
    for view in (MOVES, HISTORY):
        assert {*view.c.keys()} <= {*CURRENT.c.keys()}


def test_views_are_made_anew_over_whatever_was_called_so(store):
    drop_views(store)
    store.exec_driver_sql("CREATE VIEW risk_moves AS SELECT 1 AS nonsense")
    create_views(store)
    create_views(store)
    put(store, [{"subscriber_id": "ann", "scored_on": NIGHT, "band_before": "low"}], [])
    assert found(store, MOVES, "subscriber_id", "band_before") == [("ann", "low")]


def test_dropped_views_are_gone_and_dropping_again_is_no_error(store):
    drop_views(store)
    drop_views(store)
    assert sa.inspect(store).get_view_names() == []
    create_views(store)
    assert set(sa.inspect(store).get_view_names()) == set(VIEWS)
