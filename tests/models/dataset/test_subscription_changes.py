"""How many subscriptions an owner keeps after each moment, and which of them was a leaving."""

from datetime import timedelta

import polars as pl
import pytest

from perdura.models.dataset.subscription_changes import leavings_of, moves_of
from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.inferred import CHANGED_HANDS
from tests.models.dataset.test_labels import day, happened, tables

GRACE = timedelta(days=30)


def moves(*rows: dict[str, object]) -> list[tuple[object, ...]]:
    """Day, kind, step and kept, of each moment."""
    table = moves_of(frame(*rows))
    return [
        ((line["happened_at"] - day(0)).days, line["kind"], line["step"], line["kept"])
        for line in table.to_dicts()
    ]


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return tables(subscriptions=rows)[SUBSCRIPTIONS.name].collect()


def leavings(*rows: dict[str, object], grace: timedelta = GRACE) -> list[tuple[object, ...]]:
    """Owner, day, cause and the day on which it was undone, of each leaving."""
    found = leavings_of(moves_of(frame(*rows)), grace).to_dicts()
    return [
        (
            line["owner"],
            (line["left_at"] - day(0)).days,
            line["cause"],
            line["undone_at"] and (line["undone_at"] - day(0)).days,
        )
        for line in found
    ]


def test_a_subscription_is_kept_from_its_start_to_its_end():
    assert moves(happened("started", 0), happened("ended", 9)) == [
        (0, "started", 1, 1),
        (9, "ended", -1, 0),
    ]


def test_two_subscriptions_are_counted_together():
    rows = [happened("started", 0), happened("started", 3, what="s2"), happened("ended", 5)]
    assert [(step, kept) for _, _, step, kept in moves(*rows)] == [(1, 1), (1, 2), (-1, 1)]


@pytest.mark.parametrize("kind", ["paused", "plan_changed"])
def test_a_pause_or_another_plan_is_no_move(kind):
    rows = [happened("started", 0), happened(kind, 3), happened("ended", 9)]
    assert [found[0] for found in moves(*rows)] == [0, 9]


def test_a_trial_is_not_kept_until_it_is_paid_for():
    rows = [happened("trial_started", 0), happened("started", 14)]
    assert [(kept) for *_, kept in moves(*rows)] == [0, 1]


def test_a_cancellation_gives_up_and_its_end_gives_up_nothing_more():
    rows = [happened("started", 0), happened("cancel_scheduled", 5), happened("ended", 30)]
    assert [(kind, step) for _, kind, step, _ in moves(*rows)] == [
        ("started", 1),
        ("cancel_scheduled", -1),
        ("ended", 0),
    ]


def test_a_renewal_at_one_moment_is_one_move_that_changes_nothing():
    rows = [happened("started", 0), happened("ended", 9), happened("started", 9)]
    assert moves(*rows)[1][2:] == (0, 1)


def test_ending_one_and_starting_another_at_once_gives_up_nothing():
    rows = [happened("started", 0), happened("ended", 9), happened("started", 9, what="s2")]
    # The last event that gave one up names the moment.
    assert moves(*rows)[1] == (9, "ended", 0, 1)
    assert leavings(*rows) == []


def test_owners_are_counted_apart():
    rows = [happened("started", 0), happened("started", 1, "bea"), happened("ended", 2, "bea")]
    assert leavings(*rows) == [("bea", 2, "voluntary", None)]


@pytest.mark.parametrize(("back", "undone"), [(9, 9), (34, 34), (35, None), (400, None)])
def test_a_leaving_is_undone_within_grace_and_not_at_its_end(back, undone):
    rows = [happened("started", 0), happened("ended", 5), happened("started", back)]
    assert leavings(*rows) == [("ana", 5, "voluntary", undone)]


def test_without_grace_nothing_is_undone():
    rows = [happened("started", 0), happened("ended", 5), happened("started", 5.5)]
    assert leavings(*rows, grace=timedelta(0)) == [("ana", 5, "voluntary", None)]


def test_a_trial_undoes_no_leaving():
    rows = [happened("started", 0), happened("ended", 5), happened("trial_started", 6)]
    assert leavings(*rows) == [("ana", 5, "voluntary", None)]


def test_each_leaving_is_one_of_its_own():
    rows = [
        happened("started", 0),
        happened("ended", 5, reason="payment"),
        happened("started", 100),
        happened("cancel_scheduled", 150, reason="payment"),
    ]
    assert leavings(*rows) == [("ana", 5, "payment", None), ("ana", 150, "voluntary", None)]


def test_what_was_never_kept_is_not_left():
    assert leavings(happened("trial_started", 0), happened("ended", 14)) == []
    assert leavings(happened("ended", 14)) == []


def test_a_subscription_that_changed_hands_was_not_given_up():
    rows = [happened("started", 0), happened("ended", 5, reason=CHANGED_HANDS)]
    assert leavings(*rows) == []
    assert leavings(*rows[:1], happened("ended", 5, reason="other")) == [
        ("ana", 5, "voluntary", None)
    ]


def test_nothing_happened_gives_no_moves():
    assert moves() == []
    assert leavings() == []
