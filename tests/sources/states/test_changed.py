"""States that changed since a moment: those of every subscriber with news, and of no other."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import EVENT_TABLES
from perdura.sources.landing.landing import Landing
from perdura.sources.states.changed import changed_states
from perdura.sources.states.states import states_at
from tests.support.tables import at, events

BEFORE, NOW = at("2026-02-10"), at("2026-02-20")
DAYS = ("2026-02-01", "2026-02-10", "2026-02-15", "2026-02-20")


def landed(folder: Path, **tables: list[dict]) -> Landing:
    landing = Landing(folder)
    for table in EVENT_TABLES:
        landing.land(table, date(2026, 2, 20), events(**tables)[table.name].collect())
    return landing


def started(who: str, day: str, kind: str = "started", **own) -> dict:
    return {"subscriber_id": who, "subscription_id": who, "kind": kind, "happened_at": day} | own


contracts = st.lists(
    st.builds(
        started,
        st.sampled_from("abc"),
        st.sampled_from(DAYS),
        st.sampled_from(["started", "paused", "ended", "trial_started"]),
    ),
    max_size=6,
)
merges = st.lists(
    st.builds(
        lambda pair, day: {
            "subscriber_id": pair[0], "merged_into": pair[1], "kind": "merged", "happened_at": day,
        },
        st.sampled_from([("a", "b"), ("b", "c"), ("a", "c")]),
        st.sampled_from(DAYS),
    ),
    max_size=2,
)  # fmt: skip


@given(subscriptions=contracts, merged=merges)
def test_with_what_changed_the_states_of_before_are_those_of_now(
    tmp_path_factory, subscriptions, merged
):
    landing = landed(tmp_path_factory.mktemp("l"), subscriptions=subscriptions, merges=merged)
    was, now = (
        dict(states_at(landing.events(), moment).select("subscriber_id", "state").rows())
        for moment in (BEFORE, NOW)
    )
    found = changed_states(landing, BEFORE, NOW)
    updated = was | dict(found.select("subscriber_id", "state").rows())
    assert {who: state for who, state in updated.items() if who in now} == now
    # Who is there no longer lives on in another account.
    assert {state for who, state in updated.items() if who not in now} <= {"gone"}
    assert found["subscriber_id"].is_sorted()
    assert found["subscriber_id"].is_unique().all()


@pytest.mark.parametrize(
    ("known", "is_new"),
    [("2026-02-09", False), ("2026-02-10", True), ("2026-02-19", True), ("2026-02-20", False)],
)
def test_news_is_what_became_known_from_the_one_moment_until_before_the_other(
    tmp_path: Path, known: str, is_new: bool
):
    row = started("a", "2026-02-01", known_at=known)
    found = changed_states(landed(tmp_path, subscriptions=[row]), BEFORE, NOW)
    expected = [("a", "active", at("2026-02-01"))] if is_new else []
    assert found.select("subscriber_id", "state", "since").rows() == expected


def test_a_payment_that_failed_is_news_of_the_state(tmp_path: Path):
    landing = landed(
        tmp_path,
        subscriptions=[started("a", "2026-01-01"), started("b", "2026-01-01")],
        payments=[{"subscriber_id": "a", "invoice_id": "i", "kind": "failed",
                   "happened_at": "2026-02-15"}],
    )  # fmt: skip
    found = changed_states(landing, BEFORE, NOW)
    assert found.rows() == [("a", "past_due", at("2026-02-15"))]


def test_a_merge_is_news_of_both_accounts(tmp_path: Path):
    landing = landed(
        tmp_path,
        subscriptions=[started("a", "2026-01-01"), started("b", "2026-01-01", "paused")],
        merges=[{"subscriber_id": "a", "merged_into": "b", "kind": "merged",
                 "happened_at": "2026-02-15"}],
    )  # fmt: skip
    found = changed_states(landing, BEFORE, NOW)
    assert found.rows() == [
        ("a", "gone", at("2026-02-15")),
        ("b", "active", at("2026-02-15")),
    ]


def test_where_they_just_stop_buying_time_alone_changes_states(tmp_path: Path):
    paid = [
        {"subscriber_id": who, "kind": "paid", "amount": 500, "currency": "EUR", "happened_at": day}
        for who, day in (("a", "2026-01-12"), ("b", "2026-02-15"), ("c", "2026-02-05"))
    ]
    found = changed_states(
        landed(tmp_path, payments=paid), BEFORE, NOW, churn="silence", active_within_days=30
    )
    assert found.rows() == [
        ("a", "gone", NOW),  # nothing is new: since now
        ("b", "active", at("2026-02-15")),
    ]
