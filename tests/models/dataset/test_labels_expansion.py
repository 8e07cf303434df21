"""Who counts as having chosen to pay more: what is a rise, whose choice it is, and when."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.models.dataset.labels import expansion_labels
from perdura.sources.events import SUBSCRIPTIONS
from tests.models.dataset.test_labels import AS_OF, LONG_AFTER, day, happened, spine_of, tables

STARTED = happened("started", -100, mrr=1000, plan="basic", currency="EUR")
OTHER = happened("started", -50, what="s2", mrr=500, plan="basic", currency="EUR")


def changed(days: float, mrr: int | None, *, what: str = "s1", **more: object):
    return happened("plan_changed", days, what=what, mrr=mrr, **{"reason": "voluntary", **more})


def expanded(*rows: dict[str, object], lead: int = 0, known_until: float = LONG_AFTER):
    labels = expansion_labels(
        tables(subscriptions=rows),
        spine_of("ana"),
        lead_days=lead,
        horizon_days=60,
        known_until=day(known_until),
    )
    return labels["expanded"].item()


@pytest.mark.parametrize(
    ("when", "lead", "rises"),
    [
        (-1, 0, False),
        (0, 0, True),
        (60 - 1e-9, 0, True),
        (60, 0, False),
        (6, 7, False),
        (7, 7, True),
        (66, 7, True),
        (67, 7, False),
    ],
)
def test_the_window_holds_its_start_and_not_its_end(when: float, lead: int, rises: bool):
    assert expanded(STARTED, changed(when, 2000), lead=lead) is rises


@pytest.mark.parametrize(
    ("more", "rises"),
    [
        ({"reason": "voluntary"}, True),
        ({"reason": "other"}, False),
        ({"reason": None}, False),
        ({"reason": None, "plan": "plus"}, True),
        ({"reason": "unknown", "plan": "plus"}, True),
        ({"reason": "other", "plan": "plus"}, False),
    ],
)
def test_a_price_rise_is_the_companys_choice(more: dict[str, Any], rises: bool):
    assert expanded(STARTED, changed(5, 2000, **more)) is rises


def test_more_seats_are_a_choice_where_no_reason_is_known():
    seats = happened("started", -100, mrr=1000, quantity=2)
    assert expanded(seats, changed(5, 1500, quantity=3, reason=None)) is True


def test_a_smaller_plan_is_no_rise_and_a_rise_after_it_is():
    assert expanded(STARTED, changed(5, 500)) is False
    assert expanded(STARTED, changed(5, 500), changed(9, 700)) is True


def test_a_second_subscription_is_a_rise_and_the_first_one_again_is_not():
    second = happened("started", 5, what="s2", mrr=500)
    assert expanded(STARTED, second) is True
    assert expanded(STARTED, happened("ended", 3), second) is False


@pytest.mark.parametrize(("mrr", "rises"), [(1500, True), (1000, False), (500, False)])
def test_ending_one_and_starting_another_at_once_counts_by_the_difference(mrr: int, rises: bool):
    other = happened("started", 5, what="s2", mrr=mrr, currency="EUR")
    assert expanded(STARTED, happened("ended", 5), other) is rises


def test_amounts_of_two_currencies_are_not_compared():
    assert expanded(STARTED, changed(5, 150_000, currency="JPY")) is False
    yen = happened("started", 5, what="s2", mrr=150_000, currency="JPY")
    assert expanded(STARTED, happened("ended", 5), yen) is False
    assert expanded(STARTED, yen) is True


def test_going_on_after_a_pause_is_no_rise():
    pause = [happened("paused", -9, what="s2", mrr=0), happened("resumed", 5, what="s2", mrr=500)]
    assert expanded(STARTED, OTHER, *pause) is False


def test_a_larger_plan_while_nothing_is_paid_is_no_rise():
    assert expanded(STARTED, happened("paused", -9, mrr=0), changed(5, 2000)) is False


def test_a_trial_that_is_paid_for_at_last_is_a_second_subscription():
    trial = happened("trial_started", -5, what="s2", mrr=0)
    assert expanded(STARTED, trial, happened("started", 9, what="s2", mrr=500)) is True


@pytest.mark.parametrize(("known_until", "rises"), [(59, None), (60, True)])
def test_nothing_is_known_until_the_window_has_closed(known_until: float, rises: bool | None):
    assert expanded(STARTED, changed(5, 2000), known_until=known_until) is rises


def test_what_was_not_known_in_time_is_not_read():
    late = changed(5, 2000, known_at=day(70))
    assert expanded(STARTED, late, known_until=70) is False
    assert expanded(STARTED, late, known_until=71) is True


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [happened("trial_started", -5)],
        [STARTED, happened("ended", -1)],
        [STARTED, happened("cancel_scheduled", -1)],
    ],
    ids=["nobody", "on trial", "gone", "leaving"],
)
def test_who_had_nothing_to_keep_is_not_predicted(rows):
    assert expanded(*rows, happened("started", 5, what="s2", mrr=9)) is None


def test_an_account_merged_later_is_judged_as_the_account_it_lives_on_as():
    rows = [STARTED, happened("started", -9, "bea", "s2", mrr=500), changed(20, 2000)]
    merged = {"subscriber_id": "bea", "happened_at": day(8), "kind": "merged", "merged_into": "ana"}
    for merges, answers in (([], [False, True]), ([merged], [True, True])):
        labels = expansion_labels(
            tables(subscriptions=rows, merges=merges),
            spine_of("bea", "ana"),
            lead_days=0,
            horizon_days=60,
            known_until=day(LONG_AFTER),
        )
        assert labels["expanded"].to_list() == answers


# Days are few, so that several things happen at one moment and on the window's very edges.
moments = st.sampled_from([-31, -1, 0, 1, 6, 7, 8, 59, 60, 66, 67])
histories = st.lists(
    st.builds(
        happened,
        st.sampled_from(list(SUBSCRIPTIONS.kinds)),
        moments,
        what=st.sampled_from(["s1", "s2"]),
        mrr=st.sampled_from([0, 500, 1000, 1500, None]),
        plan=st.sampled_from(["basic", "plus", None]),
        quantity=st.sampled_from([1, 2, None]),
        currency=st.sampled_from(["EUR", "JPY", None]),
        reason=st.sampled_from(["voluntary", "other", "unknown", None]),
    ),
    max_size=9,
    # Of two rows of one kind, subscription and moment nobody can say which came later.
    unique_by=lambda row: (row["happened_at"], row["kind"], row["subscription_id"]),
)


@settings(max_examples=100)
@given(rows=histories, lead=st.sampled_from([0, 7]))
def test_labels_agree_with_walking_through_each_history(rows: list[dict[str, Any]], lead: int):
    known = [happened("started", -60, mrr=1000, plan="basic", currency="EUR"), *rows]
    assert expanded(*known, lead=lead) is walk(known, lead)


def walk(rows: Sequence[dict[str, Any]], lead: int) -> bool | None:
    """The label of one person, by going through what happened one moment at a time."""
    if not keeps_something(row for row in rows if row["happened_at"] < AS_OF):
        return None
    things: dict[str, dict[str, Any]] = {}
    rises = []
    for moment in sorted({row["happened_at"] for row in rows}):
        held = any(paid(thing) for thing in things.values())
        now = in_order(row for row in rows if row["happened_at"] == moment)
        if rises_at(now, things) and held:
            rises.append(moment)
    return any(day(lead) <= at < day(lead + 60) for at in rises)


def rises_at(now: Iterable[dict[str, Any]], things: dict[str, dict[str, Any]]) -> bool:
    """Whether what happens now adds up to a rise. Changes ``things`` as it happens."""
    rise: dict[str | None, int] = {}
    converted = False
    for row in now:
        before = things.get(row["subscription_id"], {"price": 0, "pays": True})
        after = things[row["subscription_id"]] = step(before, row)
        converted |= before.get("currency") not in {None, after["currency"]}
        was, by = paid(before), paid(after)
        rise.setdefault(after["currency"], 0)
        if chosen(row, before) and was is not None and by is not None:
            rise[after["currency"]] += by - was
    return max(rise.values()) > 0 and min(rise.values()) >= 0 and not converted


def keeps_something(rows: Iterable[dict[str, Any]]) -> bool:
    kept: set[str] = set()
    for row in in_order(rows):
        if row["kind"] in {"started", "resumed", "cancel_withdrawn"}:
            kept.add(row["subscription_id"])
        if row["kind"] in {"trial_started", "cancel_scheduled", "ended"}:
            kept.discard(row["subscription_id"])
    return bool(kept)


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds = SUBSCRIPTIONS.kinds
    return sorted(
        rows, key=lambda r: (r["happened_at"], kinds.index(r["kind"]), r["subscription_id"])
    )


def step(before: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """What is known of a subscription after one row."""
    if "kind" not in before:
        before = {"pays": False, "price": None}
    after = {"plan": None, "quantity": None, "currency": None, **before, "kind": row["kind"]}
    stops = row["kind"] in {"trial_started", "paused", "ended"}
    if stops or row["kind"] in {"started", "resumed"}:
        after["pays"] = not stops
    if not stops and row["mrr"] is not None:
        after["price"] = row["mrr"]
    for name in ("plan", "quantity", "currency"):
        after[name] = row[name] if row.get(name) is not None else after[name]
    return after


def paid(thing: dict[str, Any]) -> int | None:
    """What is paid a month; none where it is not known."""
    return thing["price"] if thing["pays"] else 0


def chosen(row: dict[str, Any], before: dict[str, Any]) -> bool:
    if row["kind"] in {"started", "ended"}:
        return True
    if row["kind"] != "plan_changed":
        return False
    other = any(
        row.get(name) is not None and before.get(name) is not None and row[name] != before[name]
        for name in ("plan", "quantity")
    )
    return row["reason"] == "voluntary" or (row["reason"] in {None, "unknown"} and other)
