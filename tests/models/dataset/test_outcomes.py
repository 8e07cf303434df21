"""The outcome of each row: labels by both rules, contacts that changed it, one per person."""

from dataclasses import replace

import polars as pl
import pytest

from perdura.models.dataset.labels import contacted_before_settled, contract_labels
from perdura.models.dataset.outcomes import ALL_OUTCOMES, label_spine, labels_of
from perdura.models.params import TrainingParams
from tests.models.dataset.test_labels import LONG_AFTER, day, happened, paid, spine_of, tables

PARAMS = TrainingParams()
STARTED = happened("started", -100, mrr=1000, plan="basic")


def contact(days: float, kind: str = "contacted", who: str = "ana", **more: object):
    return {"subscriber_id": who, "happened_at": day(days), "kind": kind, **more}


def outcome(*subscriptions, contacts=(), params=PARAMS, until: float = LONG_AFTER, **more):
    """The outcome of Ana's row."""
    events = tables(subscriptions=subscriptions, contacts=contacts, **more)
    return label_spine(events, spine_of("ana"), params, known_until=day(until)).row(0, named=True)


def test_a_row_keeps_the_spine_and_has_every_outcome():
    spine = spine_of("ana").with_columns(mrr=pl.lit(7), plan=pl.lit("<pro>"))
    found = label_spine(
        tables(subscriptions=[STARTED, happened("ended", 5)]), spine, PARAMS, known_until=day(99)
    )
    assert found.columns == [*spine.columns, *ALL_OUTCOMES, "left_out"]
    assert found.select(spine.columns).equals(spine)
    line = found.row(0, named=True)
    assert (line["churned"], line["cause"], line["owner"]) == (True, "voluntary", "ana")
    assert (line["months_known"], line["left_month"], line["left_out"]) == (2, 0, False)


@pytest.mark.parametrize(
    ("when", "kept"),
    [
        (-30.0001, True),  # before it could have an effect
        (-30, False),
        (-1, False),
        (0, False),
        (4.999, False),
        (5, True),  # as they left: too late to change that
        (20, True),
    ],
)
def test_a_contact_from_a_horizon_before_until_they_left_leaves_the_row_out(when, kept):
    found = outcome(STARTED, happened("ended", 5), contacts=[contact(when)])
    assert found["churned"] is (True if kept else None)
    assert found["cause"] == ("voluntary" if kept else None)
    assert found["left_out"] is not kept


@pytest.mark.parametrize(("when", "kept"), [(29.999, False), (30, True), (40, True)])
def test_of_a_subscriber_who_stayed_a_contact_counts_until_the_window_closes(when, kept):
    assert outcome(STARTED, contacts=[contact(when)])["churned"] is (False if kept else None)


@pytest.mark.parametrize(("when", "kept"), [(39, False), (41, True)])
def test_of_a_leaving_that_was_undone_a_contact_counts_until_it_was(when, kept):
    moves = (STARTED, happened("cancel_scheduled", 20), happened("cancel_withdrawn", 40))
    assert outcome(*moves, contacts=[contact(when)])["churned"] is (False if kept else None)


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("contacted", False), ("offered", False), ("held_out", True), ("listed", True)],
)
def test_only_what_reaches_the_subscriber_changes_the_outcome(kind, kept):
    found = outcome(STARTED, happened("ended", 5), contacts=[contact(1, kind)])
    assert found["left_out"] is not kept


def test_a_contact_that_became_known_too_late_is_not_read():
    late = contact(1, known_at=day(80))
    found = outcome(STARTED, happened("ended", 5), contacts=[late], until=80)
    assert found["churned"] is True
    found = outcome(STARTED, happened("ended", 5), contacts=[late], until=80.001)
    assert found["churned"] is None


def test_another_subscribers_contact_changes_nothing():
    found = outcome(STARTED, happened("ended", 5), contacts=[contact(1, who="bea")])
    assert found["churned"] is True


def test_where_contacts_are_features_no_row_is_left_out():
    params = replace(PARAMS, contacted="features")
    found = outcome(STARTED, happened("ended", 5), contacts=[contact(1)], params=params)
    assert (found["churned"], found["left_out"]) == (True, False)


def test_a_row_without_a_known_outcome_is_not_left_out_but_open():
    found = outcome(STARTED, contacts=[contact(1)], until=59)
    assert (found["churned"], found["left_out"]) == (None, False)


def test_later_months_are_not_left_out():
    found = outcome(STARTED, happened("ended", 45), contacts=[contact(1)], until=200)
    assert found["churned"] is None
    assert (found["months_known"], found["left_month"]) == (5, 1)


@pytest.mark.parametrize(
    ("when", "expanded"),
    # After the rise at day 20 an offer still leaves the row out, while churn's window is open.
    [(-31, True), (-30, None), (1, None), (20.5, None), (29.9, None), (30, True), (70, True)],
)
def test_an_offer_before_the_rise_leaves_the_expansion_out(when, expanded):
    rise = happened("plan_changed", 20, mrr=2000, plan="plus", reason="voluntary")
    found = outcome(STARTED, rise, contacts=[contact(when, "offered")])
    assert found["expanded"] is expanded


def test_contacts_of_a_merged_account_are_the_owners():
    merged = contact(2, "merged", "old", merged_into="ana")
    found = outcome(
        STARTED, happened("ended", 5), contacts=[contact(1, who="old")], merges=[merged]
    )
    assert found["left_out"] is True


def test_of_two_accounts_of_one_person_the_owner_bears_the_outcome():
    merged = {
        "subscriber_id": "bea",
        "happened_at": day(50),
        "kind": "merged",
        "merged_into": "ana",
    }
    rows = [STARTED, happened("started", -50, "bea", "s2"), happened("ended", 5)]
    found = label_spine(
        tables(subscriptions=rows, merges=[merged]), spine_of("bea", "ana"), PARAMS,
        known_until=day(LONG_AFTER),
    )  # fmt: skip
    assert found["owner"].to_list() == ["ana", "ana"]
    assert found["churned"].to_list() == [None, False]
    assert found["left_out"].to_list() == [False, False]


def test_a_person_with_two_accounts_is_left_out_once():
    merged = contact(50, "merged", "bea", merged_into="ana")
    rows = [STARTED, happened("started", -50, "bea", "s2"), happened("ended", 5)]
    events = tables(subscriptions=rows, merges=[merged], contacts=[contact(1)])
    found = label_spine(events, spine_of("bea", "ana"), PARAMS, known_until=day(LONG_AFTER))
    assert found["churned"].to_list() == [None, None]
    assert found["left_out"].to_list() == [False, True]


SILENCE = TrainingParams(churn="silence", horizon_days=60, grace_days=30)


@pytest.mark.parametrize(("when", "churned"), [(0, False), (59.9, False), (60, True), (-1, True)])
def test_where_churn_is_silence_payments_decide(when, churned):
    events = tables(payments=[paid(-40), paid(when)], subscriptions=[happened("ended", 3)])
    found = label_spine(events, spine_of("ana"), SILENCE, known_until=day(99)).row(0, named=True)
    assert found["churned"] is churned
    assert (found["expanded"], found["months_known"], found["left_month"]) == (None, None, None)


def test_a_contact_before_a_payment_leaves_the_row_out_and_after_it_does_not():
    for when, churned in ((5, None), (15, False)):
        events = tables(payments=[paid(-40), paid(10)], contacts=[contact(when)])
        found = label_spine(events, spine_of("ana"), SILENCE, known_until=day(99))
        assert found["churned"].item() is churned


def test_the_rule_of_the_parameters_is_that_of_the_labels():
    events = tables(subscriptions=[STARTED, happened("ended", 40)])
    window = {"lead_days": 7, "horizon_days": 35, "grace_days": 3}
    params = replace(PARAMS, **window)
    found = labels_of(events, spine_of("ana"), params, day(99))
    assert found.equals(contract_labels(events, spine_of("ana"), known_until=day(99), **window))
    assert found["churned"].item() is True


def test_where_nothing_was_ever_done_no_row_was_contacted():
    labels = labels_of(tables(subscriptions=[STARTED]), spine_of("ana", "bea"), PARAMS, day(99))
    found = contacted_before_settled(tables(), labels, reach_days=30, known_until=day(99))
    assert found.to_list() == [False, False]
    assert found.name == "contacted"


def test_the_order_of_the_rows_is_that_of_the_spine():
    spine = pl.concat([spine_of("bea", "ana"), spine_of("ana", as_of=day(-20))])
    rows = [STARTED, happened("started", -50, "bea", "s2"), happened("ended", 5)]
    events = tables(subscriptions=rows, contacts=[contact(3, who="bea")])
    found = label_spine(events, spine, PARAMS, known_until=day(99))
    assert found.select("subscriber_id", "as_of").equals(spine)
    assert found["churned"].to_list() == [None, True, True]
    assert found["left_out"].to_list() == [True, False, False]
