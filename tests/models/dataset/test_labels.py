"""Who counts as having left: the windows, what undoes a leaving, and what is not known yet."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.dataset.labels import contract_labels, silence_labels
from perdura.sources.events import EVENT_TABLES, SUBSCRIPTIONS
from perdura.sources.merges import Events

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
MOMENT_BEFORE = timedelta(microseconds=1)
LONG_AFTER = 365


def day(days: float) -> datetime:
    return AS_OF + timedelta(days=days)


def tables(**rows: Iterable[dict[str, object]]) -> Events:
    """Event tables with these rows; what is not said is null, and known when it happened."""
    made: dict[str, pl.LazyFrame] = {}
    for table in EVENT_TABLES:
        full = [{"known_at": row["happened_at"], **row} for row in rows.get(table.name, ())]
        made[table.name] = pl.DataFrame(full, schema=table.schema).lazy()
    return made


def happened(
    kind: str, days: float, who: str = "ana", what: str = "s1", **more: object
) -> dict[str, Any]:
    return {
        "subscriber_id": who,
        "subscription_id": what,
        "happened_at": day(days),
        "kind": kind,
        **more,
    }


def spine_of(*people: str, as_of: datetime = AS_OF) -> pl.DataFrame:
    schema = {"subscriber_id": pl.String, "as_of": pl.Datetime("us", "UTC")}
    return pl.DataFrame([(who, as_of) for who in people], schema=schema, orient="row")


def label(*rows: dict[str, object], lead: int = 0, known_until: float = LONG_AFTER):
    labels = contract_labels(
        tables(subscriptions=rows),
        spine_of("ana"),
        lead_days=lead,
        horizon_days=30,
        grace_days=30,
        known_until=day(known_until),
    )
    return labels.row(0, named=True)


STARTED = happened("started", -100)
JUST_UNDER_30 = 30 - 1e-9


@pytest.mark.parametrize(
    ("when", "churned"),
    [(0, True), (29, True), (JUST_UNDER_30, True), (30, False), (31, False)],
)
@pytest.mark.parametrize("kind", ["cancel_scheduled", "ended"])
def test_the_window_holds_its_start_and_not_its_end(kind: str, when: float, churned: bool):
    assert label(STARTED, happened(kind, when))["churned"] is churned


@pytest.mark.parametrize(
    ("when", "churned"), [(-1, None), (0, None), (6, None), (7, True), (36, True), (37, False)]
)
def test_with_a_lead_the_window_moves_and_a_decision_before_it_is_not_predicted(when, churned):
    assert label(STARTED, happened("ended", when), lead=7)["churned"] is churned


def test_who_never_decides_stays():
    assert label(STARTED) == {
        "subscriber_id": "ana",
        "as_of": AS_OF,
        "churned": False,
        "cause": None,
        "left_at": None,
        "settled_at": day(30),
    }


@pytest.mark.parametrize(
    ("reason", "cause"),
    [("payment", "payment"), ("voluntary", "voluntary"), ("unknown", "voluntary"), (None,) * 2],
)
def test_the_cause_is_payment_only_where_a_failed_payment_ended_it(reason, cause):
    left = label(STARTED, happened("ended", 5, reason=reason))
    assert (left["cause"], left["left_at"]) == (cause or "voluntary", day(5))


def test_who_cancelled_and_then_could_not_pay_had_decided_to_leave():
    cancelled = happened("cancel_scheduled", 5)
    left = label(STARTED, cancelled, happened("ended", 9, reason="payment"))
    assert (left["cause"], left["left_at"]) == ("voluntary", day(5))


@pytest.mark.parametrize(("when", "churned"), [(5, False), (34, False), (35, True), (60, True)])
def test_a_cancellation_is_undone_by_withdrawing_it_within_grace(when: float, churned: bool):
    cancelled = happened("cancel_scheduled", 5)
    assert label(STARTED, cancelled, happened("cancel_withdrawn", when))["churned"] is churned


@pytest.mark.parametrize(("when", "churned"), [(6, False), (34, False), (35, True), (60, True)])
@pytest.mark.parametrize("subscription", ["s1", "s2"])
def test_an_end_is_undone_by_starting_again_within_grace(subscription, when, churned):
    again = happened("started", when, what=subscription)
    assert label(STARTED, happened("ended", 5), again)["churned"] is churned


def test_a_leaving_that_lasts_counts_after_one_that_was_undone():
    change_of_mind = [happened("cancel_scheduled", 2), happened("cancel_withdrawn", 4)]
    assert label(STARTED, *change_of_mind, happened("ended", 20))["left_at"] == day(20)


@pytest.mark.parametrize(("known_until", "churned"), [(59, None), (60, True), (61, True)])
def test_nothing_is_known_until_window_and_grace_have_closed(known_until, churned):
    left = label(STARTED, happened("ended", 5), known_until=known_until)
    assert left["churned"] is churned


def test_who_stayed_so_far_is_unknown_too_while_the_window_is_open():
    assert label(STARTED, known_until=59)["churned"] is None


def test_what_was_not_known_in_time_is_not_read():
    late = happened("ended", 5, known_at=day(60))
    assert label(STARTED, late, known_until=60)["churned"] is False
    assert label(STARTED, late, known_until=61)["churned"] is True


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [happened("trial_started", -5)],
        [STARTED, happened("ended", -1)],
        [STARTED, happened("cancel_scheduled", -1), happened("ended", 10)],
    ],
    ids=["nobody", "on trial", "gone", "leaving"],
)
def test_who_had_nothing_to_keep_is_not_predicted(rows):
    assert label(*rows)["churned"] is None


def test_a_pause_or_a_change_of_plan_is_not_a_leaving():
    assert label(STARTED, happened("paused", 3), happened("plan_changed", 4))["churned"] is False


def test_who_keeps_one_of_two_subscriptions_stays():
    other = happened("started", -50, what="s2")
    assert label(STARTED, other, happened("ended", 5))["churned"] is False


def test_who_gives_up_both_leaves_with_the_last_and_for_its_cause():
    other = happened("started", -50, what="s2")
    ends = [happened("ended", 5), happened("ended", 9, what="s2", reason="payment")]
    left = label(STARTED, other, *ends)
    assert (left["cause"], left["left_at"]) == ("payment", day(9))


def test_an_upgrade_by_ending_one_and_starting_another_is_not_a_leaving():
    assert label(STARTED, happened("ended", 5), happened("started", 5, what="s2"))["churned"] is (
        False
    )


def test_an_account_merged_later_is_judged_as_the_account_it_lives_on_as():
    rows = [STARTED, happened("started", -9, "bea", "s2"), happened("ended", 5, "bea", "s2")]
    merged = {"subscriber_id": "bea", "happened_at": day(8), "kind": "merged", "merged_into": "ana"}
    window = {"lead_days": 0, "horizon_days": 30, "grace_days": 30, "known_until": day(99)}
    apart = contract_labels(tables(subscriptions=rows), spine_of("bea", "ana"), **window)
    folded = tables(subscriptions=rows, merges=[merged])
    together = contract_labels(folded, spine_of("bea", "ana"), **window)
    assert apart["churned"].to_list() == [True, False]
    assert together["churned"].to_list() == [False, False]


def test_each_row_of_the_spine_has_its_own_label_in_the_spines_order():
    spine = pl.concat(
        [
            spine_of("ana", "bea", as_of=day(20)),
            spine_of("bea", "ana"),
            spine_of("ana", as_of=day(-60)),
        ]
    )
    rows = [STARTED, happened("started", -9, "bea", "s2"), happened("ended", 25)]
    labels = contract_labels(
        tables(subscriptions=rows),
        spine,
        lead_days=0,
        horizon_days=30,
        grace_days=30,
        known_until=day(99),
    )
    assert labels.select("subscriber_id", "as_of").equals(spine)
    assert labels["churned"].to_list() == [True, False, False, True, False]


# Days are few, so that several things happen on one day and on the window's very edges.
days = st.sampled_from([-31, -1, 0, 1, 6, 7, 8, 29, 30, 36, 37, 38, 66, 67])
kinds = st.sampled_from(list(SUBSCRIPTIONS.kinds))
histories = st.lists(
    st.builds(
        happened,
        kinds,
        days,
        who=st.sampled_from(["ana", "bea"]),
        what=st.sampled_from(["s1", "s2"]),
        reason=st.sampled_from(["payment", "voluntary"]),
    ),
    max_size=9,
)


@given(rows=histories, lead=st.sampled_from([0, 7]), grace=st.sampled_from([0, 1, 30]))
def test_labels_agree_with_walking_through_each_history(rows, lead, grace):
    known = [happened("started", -60, who) for who in ("ana", "bea")] + rows
    labels = contract_labels(
        tables(subscriptions=known),
        spine_of("bea", "ana"),
        lead_days=lead,
        horizon_days=30,
        grace_days=grace,
        known_until=day(LONG_AFTER),
    )
    assert labels.select("churned", "cause", "left_at", "settled_at").rows() == [
        walk(known, who, lead, grace) for who in ("bea", "ana")
    ]


def walk(rows, who: str, lead: int, grace: int):
    """The label of one person, by going through what happened one thing at a time."""
    mine = sorted(
        (row for row in rows if row["subscriber_id"] == who),
        key=lambda row: (
            row["happened_at"],
            SUBSCRIPTIONS.kinds.index(row["kind"]),
            row["subscription_id"],
        ),
    )
    kept, story = set(), []
    for row in mine:
        before = len(kept)
        if row["kind"] in {"started", "resumed", "cancel_withdrawn"}:
            kept.add(row["subscription_id"])
        if row["kind"] in {"trial_started", "cancel_scheduled", "ended"}:
            kept.discard(row["subscription_id"])
        story.append((row, before, len(kept)))
    if not [after for row, _, after in story if row["happened_at"] < AS_OF][-1]:
        return None, None, None, None
    closes = settled = day(lead + 30)
    for place, (row, before, after) in enumerate(story):
        at = row["happened_at"]
        if at < AS_OF or not before or after:
            continue
        soon = at + timedelta(days=grace)
        back = [later["happened_at"] for later, _, kept in story[place + 1 :] if kept]
        if back and back[0] < soon:
            settled = max(settled, back[0]) if at < closes else settled
            continue
        if at < day(lead):
            return None, None, None, None
        if at >= closes:
            return False, None, None, settled
        by_payment = row["kind"] == "ended" and row["reason"] == "payment"
        return True, "payment" if by_payment else "voluntary", at, at
    return False, None, None, settled


def paid(days: float, who: str = "ana", kind: str = "paid", **more: object):
    return {"subscriber_id": who, "happened_at": day(days), "kind": kind, **more}


def silence(*rows: dict[str, object], lead: int = 0, known_until: float = LONG_AFTER):
    labels = silence_labels(
        tables(payments=rows),
        spine_of("ana"),
        lead_days=lead,
        horizon_days=90,
        known_until=day(known_until),
    )
    return labels.row(0, named=True)


@pytest.mark.parametrize(("when", "churned"), [(0, False), (89, False), (90, True), (-1, True)])
def test_silence_is_no_payment_from_the_windows_start_to_before_its_end(when, churned):
    assert silence(paid(when))["churned"] is churned


@pytest.mark.parametrize(("when", "churned"), [(6, True), (7, False), (96, False), (97, True)])
def test_with_a_lead_the_silent_window_moves(when, churned):
    assert silence(paid(when), lead=7)["churned"] is churned


def test_a_failed_payment_does_not_break_the_silence():
    assert silence(paid(-9), paid(5, kind="failed"), paid(6, kind="refunded"))["churned"] is True


def test_silence_is_voluntary_and_dates_from_the_last_payment():
    left = silence(paid(-200), paid(-9), paid(95))
    assert (left["cause"], left["left_at"]) == ("voluntary", day(-9))


@pytest.mark.parametrize(("known_until", "churned"), [(89, None), (90, True)])
def test_silence_is_unknown_until_its_window_has_closed(known_until, churned):
    assert silence(paid(-9), known_until=known_until)["churned"] is churned


def test_silence_of_an_account_merged_later_is_broken_by_the_account_it_lives_on_as():
    merged = {"subscriber_id": "bea", "happened_at": day(8), "kind": "merged", "merged_into": "ana"}
    events = tables(payments=[paid(-9, "bea"), paid(20, "ana")], merges=[merged])
    labels = silence_labels(
        events, spine_of("bea"), lead_days=0, horizon_days=90, known_until=day(99)
    )
    assert labels["churned"].to_list() == [False]
