"""What contact did: who counts where, what became of them, and what that says."""

from datetime import timedelta

import polars as pl
import pytest

from perdura.flows.cli.render.effect import in_words
from perdura.models.experiment.contact_outcomes import outcomes
from perdura.models.experiment.effect import BOTH, Effect, effect
from perdura.models.params import TrainingParams
from tests.models.dataset.test_labels import day, happened, paid, tables

PARAMS = TrainingParams()
LONG_AFTER = 365


def done(kind: str, days: float, who: str = "ana", **more: object):
    return {"subscriber_id": who, "happened_at": day(days), "kind": kind, **more}


def began(*people: str):
    return [happened("started", -100, who, who) for who in people]


def of(
    *contacts: dict[str, object],
    subscriptions: list[dict[str, object]] | None = None,
    since: float | None = None,
    known_until: float = LONG_AFTER,
    params: TrainingParams = PARAMS,
    **more: list[dict[str, object]],
) -> list[tuple[str, str, bool]]:
    """Arm, outcome, and whether they were contacted although held out, of each person."""
    events = tables(contacts=contacts, subscriptions=subscriptions or began("ana", "bea"), **more)
    begins = None if since is None else day(since)
    found = outcomes(events, params, since=begins, known_until=day(known_until))
    return found.select("arm", "outcome", "contacted").rows()


@pytest.mark.parametrize(
    ("left", "outcome"),
    [(None, "stayed"), (4, "gone"), (5, "left"), (34, "left"), (35, "stayed")],
)
def test_stayed_is_who_does_not_leave_within_the_horizon_of_the_contact(left, outcome):
    ends = [] if left is None else [happened("ended", left, "ana", "ana")]
    told = of(done("contacted", 5), subscriptions=[*began("ana"), *ends])
    assert told == [("contacted", outcome, False)]


def test_a_leaving_undone_within_the_grace_is_none():
    changed = [
        happened("cancel_scheduled", 10, "ana", "ana"),
        happened("cancel_withdrawn", 20, "ana", "ana"),
    ]
    told = of(done("contacted", 5), subscriptions=[*began("ana"), *changed])
    assert told == [("contacted", "stayed", False)]


@pytest.mark.parametrize(("known_until", "outcome"), [(64, "awaited"), (65, "stayed")])
def test_it_is_known_when_window_and_grace_have_closed(known_until, outcome):
    assert of(done("contacted", 5), known_until=known_until) == [("contacted", outcome, False)]


def test_the_lead_of_the_model_does_not_move_the_window():
    lead = TrainingParams(lead_days=14)
    ends = happened("ended", 7, "ana", "ana")
    told = of(done("contacted", 5), subscriptions=[*began("ana"), ends], params=lead)
    assert told == [("contacted", "left", False)]


def test_silence_is_no_payment_within_the_horizon_of_the_contact():
    silent = TrainingParams(churn="silence", horizon_days=30)
    pays = [paid(-5), paid(-5, "bea"), paid(20, "bea")]
    told = of(done("contacted", 5), done("held_out", 5, "bea"), payments=pays, params=silent)
    assert set(told) == {("contacted", "left", False), ("held_out", "stayed", False)}


@pytest.mark.parametrize(
    ("then", "arm", "crossed"),
    [
        ([done("offered", 9), done("contacted", 12)], "offered", False),
        ([done("held_out", 9), done("contacted", 9)], "held_out", True),
        ([done("contacted", 9), done("held_out", 9)], "held_out", True),
        ([done("held_out", 9), done("offered", 38.9)], "held_out", True),
        ([done("held_out", 9), done("contacted", 39)], "held_out", False),
        ([done("contacted", 9), done("held_out", 12)], "contacted", False),
        ([done("listed", 9), done("contacted", 12)], "listed", True),
        ([done("listed", 9), done("contacted", 9)], "listed", True),
        ([done("listed", 9), done("offered", 39)], "listed", False),
        ([done("listed", 9), done("held_out", 40)], "listed", False),
    ],
)
def test_a_person_counts_once_by_what_was_done_first(then, arm, crossed):
    assert of(*then) == [(arm, "stayed", crossed)]


def test_since_a_day_only_what_was_done_from_it_on_counts():
    marks = [done("contacted", -9), done("held_out", 9)]
    assert of(*marks, since=9) == [("held_out", "stayed", False)]
    assert of(*marks, since=9.1) == []


def test_what_is_not_known_yet_does_not_count():
    late = done("held_out", -99, known_at=day(70))
    assert of(late, known_until=70) == []
    assert of(late, known_until=71) == [("held_out", "stayed", False)]


def test_merged_accounts_are_one_person():
    merged = {"subscriber_id": "bea", "happened_at": day(8), "kind": "merged", "merged_into": "ana"}
    marks = [done("held_out", 5, "bea"), done("contacted", 9, "ana")]
    assert of(*marks, merges=[merged]) == [("held_out", "stayed", True)]


def test_who_leaves_before_their_turn_counts_on_both_sides_where_the_lot_lists_people():
    """Called are only those who are there still when their turn comes; the lot does not wait."""
    people = [f"{kind[0]}{n}" for kind in ("listed", "held_out") for n in range(2)]
    marks = [done("listed" if who[0] == "l" else "held_out", 9, who) for who in people]
    called = [done("contacted", 20, "l1")]
    ends = [happened("ended", 12, who, who) for who in ("l0", "h0")]
    told = of(*marks, *called, subscriptions=[*began(*people), *ends])
    assert sorted(told) == [
        ("held_out", "left", False), ("held_out", "stayed", False),
        ("listed", "left", False), ("listed", "stayed", True),
    ]  # fmt: skip


def test_beside_those_the_lot_listed_nobody_else_is_compared():
    """Whom support called without having been listed differs from the others."""
    told = found((50, 50), (48, 80), listed=(56, 70), reached=14)
    assert {*told.compared} == {"listed"}
    assert told.compared["listed"].difference == pytest.approx(0.2)
    said = in_words(told)
    assert "points more of the listed than of the control group stayed" in said[0]
    assert "Of the 70 listed, 14 were contacted" in said[-1]
    assert "5.0 times as large" in said[-1]


def found(
    contacted: tuple[int, int] = (0, 0),
    held_out: tuple[int, int] = (0, 0),
    offered: tuple[int, int] = (0, 0),
    *,
    listed: tuple[int, int] = (0, 0),
    crossed: int = 0,
    reached: int = 0,
    worth: float | None = None,
    awaited: str = "",
) -> Effect:
    """Of each arm so many stayed, of so many; and of some one is awaited besides."""
    arms = {"contacted": contacted, "held_out": held_out, "offered": offered, "listed": listed}
    people = [
        (arm, "stayed" if n < stayed else "left")
        for arm, (stayed, people) in arms.items()
        for n in range(people)
    ] + [(arm, "awaited") for arm in awaited.split()]
    told = pl.DataFrame(people, {"arm": pl.String, "outcome": pl.String}, orient="row")
    frame = told.with_columns(
        contacted=pl.int_range(pl.len()).over("arm")
        < pl.col("arm").replace_strict({"held_out": crossed, "listed": reached}, default=0),
        settles=pl.lit(day(60)),
    )
    return effect(
        frame, horizon_days=30, since=day(-30), known_until=day(0) + timedelta(days=9), worth=worth
    )


def words(told: Effect) -> str:
    return " ".join(in_words(told))


def test_contacted_and_offered_are_compared_with_the_held_out_together_and_apart():
    told = found((40, 50), (48, 80), (16, 20))
    assert {name: arm.share for name, arm in told.arms.items()} == {
        BOTH: 0.8, "contacted": 0.8, "offered": 0.8, "held_out": 0.6, "listed": None,
    }  # fmt: skip
    both = told.compared[BOTH]
    assert (round(both.difference, 4), round(both.low, 4), round(both.high, 4)) == (
        0.2, 0.0524, 0.3339,
    )  # fmt: skip
    assert told.compared["offered"].low < 0 < told.compared["contacted"].low
    assert "held_out" not in told.compared


def test_what_is_clear_is_said():
    told = words(found((56, 70), (48, 80)))
    assert (
        "Contacting keeps subscribers: +20.0 (+5.2 to +33.4) points more of the contacted" in told
    )
    assert "Contacting makes subscribers leave: -20.0" in words(found((48, 80), (56, 70)))
    assert found((56, 70), (48, 80)).needed is None


def test_what_is_too_wide_says_how_many_more_it_takes_for_as_much_as_was_seen():
    told = found((36, 40), (16, 20), awaited="contacted")
    needed = told.needed
    assert needed
    assert needed.worth == pytest.approx(0.1)
    assert needed.contacted == pytest.approx(2 * needed.held_out, abs=1)
    said = words(told)
    assert "too wide to say whether contacting keeps subscribers: +10.0" in said
    assert f"{needed.contacted - 40:,} more to contact" in said
    assert f"{needed.held_out - 20:,} more for the control group" in said
    assert "1 and 0 are awaited already" in said


def test_or_for_the_smallest_difference_worth_seeing():
    seen, worth = found((36, 40), (16, 20)).needed, found((36, 40), (16, 20), worth=0.02).needed
    assert seen
    assert worth
    assert worth.worth == pytest.approx(0.02)
    assert worth.contacted > 10 * seen.contacted
    top = found((40, 40), (40, 40), worth=0.02).needed
    assert top
    assert top.worth == pytest.approx(0.02)
    assert "most likely it is smaller" in words(found((900, 1000), (899, 1000), worth=0.2))


def test_without_any_difference_the_smallest_worth_seeing_is_asked_for():
    told = found((20, 20), (20, 20))
    assert told.needed is None
    assert "--worth" in words(told)


def test_it_says_when_the_held_out_must_be_marked():
    """Nobody is called who left before their turn; marked days before, such people are held out."""
    assert "marked when their turn came" in words(found((56, 70), (48, 80)))
    assert "at the moment of the call that was not made" in words(found((5, 6)))


def test_who_was_contacted_although_held_out_is_told():
    assert "2 of the control group were contacted, and still count as control." in words(
        found((56, 70), (48, 80), crossed=2)
    )


def test_where_nothing_can_be_said_it_says_why():
    assert words(found()) == "No contacts, offers or control group are recorded from 2026-01-30 on."
    assert "There is no control group, so the effect" in words(found((5, 6)))
    assert "no contacts or offers are recorded" in words(found(held_out=(5, 6)))
    early = words(found((5, 6), awaited="held_out"))
    assert "of 0 contacted and 1 control it is not known yet" in early
    assert "known on 2026-04-30" in early


def test_where_all_had_left_it_says_so():
    gone = pl.DataFrame(
        {
            "arm": ["contacted", "held_out"],
            "outcome": ["gone", "stayed"],
            "contacted": [False, False],
        }
    ).with_columns(settles=pl.lit(day(60)))
    told = effect(gone, horizon_days=30, since=None, known_until=day(99))
    assert "had left already" in words(told)
