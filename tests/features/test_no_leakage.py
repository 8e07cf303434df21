"""Nothing that was unknown at ``as_of`` may move a feature or a state."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perdura.features.build import build_features
from perdura.features.catalogue import WITH_CONTACTS
from perdura.features.definition import Feature, Over
from perdura.sources.events import EVENT_TABLES, PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from perdura.sources.merges import Events, known_before
from perdura.sources.states.states import states_at
from tests.support.tables import at, spine

AS_OF = at("2026-03-01")
SPINE = spine(("ann", "2026-03-01"), ("bob", "2026-03-01"))
DAY = 24

# Every window's edge is drawn as often as all between the edges, and what was unknown is drawn
# as temptation: it happened inside a window and was known too late.
BEFORE = st.sampled_from(
    [-1, -7 * DAY, -30 * DAY, -90 * DAY, -180 * DAY, -365 * DAY]
) | st.integers(-400 * DAY, -1)
TOO_LATE = st.sampled_from([0, 1]) | st.integers(0, 10 * DAY)
LAG = st.sampled_from([0, 1, 2 * DAY, 20 * DAY])

OWN = {
    "subscriptions": st.fixed_dictionaries(
        {
            "subscription_id": st.sampled_from(["s1", "s2"]),
            "plan": st.sampled_from(["basic", "pro", None]),
            "mrr": st.sampled_from([0, 900, 1900, None]),
            "currency": st.sampled_from(["EUR", "JPY"]),
        }
    ),
    "payments": st.fixed_dictionaries(
        {
            "amount": st.integers(0, 5000),
            "currency": st.sampled_from(["EUR", "JPY", None]),
            "method": st.sampled_from(["card", "debit", None]),
        }
    ),
    "tickets": st.fixed_dictionaries(
        {
            "ticket_id": st.sampled_from(["t1", "t2"]),
            "topic": st.sampled_from(["outage", "billing"]),
            "hours": st.sampled_from([0.5, 2.0, 48.0, None]),
            "score": st.sampled_from([1.0, 2.0, 5.0, None]),
        }
    ),
    "contacts": st.just({}),
    "merges": st.fixed_dictionaries({"merged_into": st.sampled_from(["ann", "bob", "eve"])}),
}


def row(who, known, lag, kind, own) -> dict:
    """Something known ``known`` hours from as_of, that happened ``lag`` hours before that."""
    moment = AS_OF + timedelta(hours=known)
    happened = moment - timedelta(hours=lag)
    return {
        "subscriber_id": who, "happened_at": happened, "known_at": moment, "kind": kind
    } | own  # fmt: skip


def rows(table: EventTable, known):
    return st.lists(
        st.builds(
            row,
            who=st.sampled_from(["ann", "bob", "eve"]),
            known=known,
            lag=LAG,
            kind=st.sampled_from(table.kinds),
            own=OWN[table.name],
        ),
        max_size=6,
    )


def histories(known):
    return st.fixed_dictionaries(
        {table.name: rows(table, known) for table in EVENT_TABLES if table.name in OWN}
    )


def tables(*histories: dict[str, list[dict]]) -> Events:
    return {
        table.name: pl.LazyFrame(
            [row for history in histories for row in history.get(table.name, [])],
            schema=table.schema,
        )
        for table in EVENT_TABLES
    }


@given(known=histories(BEFORE), unknown=histories(TOO_LATE))
def test_what_was_unknown_changes_nothing(known, unknown):
    without, with_it = tables(known), tables(known, unknown)
    assert_frame_equal(
        build_features(without, WITH_CONTACTS, SPINE), build_features(with_it, WITH_CONTACTS, SPINE)
    )
    for churn in ("contract", "silence"):
        assert_frame_equal(
            states_at(without, AS_OF, churn=churn), states_at(with_it, AS_OF, churn=churn)
        )


@given(known=histories(BEFORE), later=histories(TOO_LATE))
def test_truncating_every_source_and_rebuilding_gives_the_same(known, later):
    everything = tables(known, later)
    cut = known_before(everything, AS_OF)
    assert_frame_equal(
        build_features(everything, WITH_CONTACTS, SPINE), build_features(cut, WITH_CONTACTS, SPINE)
    )


@given(known=histories(BEFORE), other=histories(BEFORE))
def test_other_dates_in_the_spine_change_nothing(known, other):
    both = pl.concat([SPINE, spine(("ann", "2026-01-01"), ("eve", "2026-04-01"))])
    everything = tables(known, other)
    together = build_features(everything, WITH_CONTACTS, both).head(SPINE.height)
    assert_frame_equal(build_features(everything, WITH_CONTACTS, SPINE), together)


@given(history=histories(BEFORE | TOO_LATE))
def test_windows_agree_with_counting_by_hand(history):
    history = history | {"merges": []}
    built = build_features(tables(history), WITH_CONTACTS, SPINE)
    for asked, by_hand in BY_HAND.items():
        table, matches, reduce = by_hand
        for days in asked.windows:
            column = built[f"{asked.name}_{days}d"]
            for who, value in zip(SPINE["subscriber_id"], column, strict=True):
                start = AS_OF - timedelta(days=days)
                counted = [
                    r
                    for r in history[table]
                    if r["subscriber_id"] == who
                    and matches(r)
                    and r["known_at"] < AS_OF
                    and start <= r["happened_at"] < AS_OF
                ]
                assert value == pytest.approx(reduce(counted)), (column.name, who)


def mean_hours(counted):
    hours = [r["hours"] for r in counted if r["hours"] is not None]
    return sum(hours) / len(hours) if hours else None


def named(name) -> Feature:
    return next(f for f in WITH_CONTACTS if f.name == name and isinstance(f, Feature))


BY_HAND = {
    named("payments_failed"): ("payments", lambda r: r["kind"] == "failed", len),
    named("tickets_opened"): ("tickets", lambda r: r["kind"] == "opened", len),
    named("reply_hours_mean"): ("tickets", lambda r: r["kind"] == "replied", mean_hours),
    named("low_ratings"): (
        "tickets",
        lambda r: r["kind"] == "rated" and r["score"] is not None and r["score"] <= 2,
        len,
    ),
    named("pauses"): ("subscriptions", lambda r: r["kind"] == "paused", len),
}


def test_a_planted_leaking_feature_is_caught():
    """A table whose ``known_at`` lies (a final status told early) moves under truncation."""
    told = row("ann", known=5 * DAY, lag=10 * DAY, kind="failed", own={})
    honest = tables({"payments": [told]})
    leaking = {**honest, "payments": honest["payments"].with_columns(known_at="happened_at")}
    count = named("payments_failed")
    assert build_features(honest, [count], SPINE)["payments_failed_30d"].to_list() == [0, 0]
    assert build_features(leaking, [count], SPINE)["payments_failed_30d"].to_list() == [1, 0]
    # What the test of truncation sees: landed by as_of there was no such row.
    landed = known_before(honest, AS_OF)
    with pytest.raises(AssertionError):
        assert_frame_equal(
            build_features(leaking, [count], SPINE), build_features(landed, [count], SPINE)
        )


def test_the_catalogue_reads_only_these_tables():
    read = {
        f.events for f in WITH_CONTACTS if isinstance(f, Feature) and isinstance(f.measure, Over)
    }
    assert {PAYMENTS, TICKETS, SUBSCRIPTIONS} <= read
