"""The result of a tuning by hand: which trial is the best, and whether it is better."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from perdura.models.boosting.booster import Examples
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.tuning import folds as tuning_folds
from perdura.models.tuning.folds import Fold, gain
from perdura.models.tuning.search_space import values_of
from perdura.models.tuning.trials import Confirmation, Tried, Tuning

MAY, JUNE, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))
DEFAULTS = values_of(BoosterParams())


def tried(*losses: float, gained: float | None = 0.0, error: float | None = 0.001) -> Tried:
    return Tried(
        values=DEFAULTS,
        losses=losses,
        trees=(10,) * len(losses),
        gain=gained,
        error=error,
        seconds=1.0,
    )


def tuning(*trials: Tried, confirmation: Confirmation | None = None) -> Tuning:
    return Tuning(
        params=TrainingParams(),
        origins=(MAY, JUNE),
        judged_from=JULY,
        rows=100,
        digest="0123456789abcdef",
        tried=trials,
        before=0,
        stopped=False,
        confirmation=confirmation,
    )


FIRST = tried(0.30, 0.40)
GAINED = tried(0.28, 0.38, gained=0.02, error=0.01)
PRUNED = tried(0.10, gained=None, error=None)


def test_a_trial_is_its_mean_loss_and_was_pruned_without_a_gain():
    assert FIRST.log_loss == pytest.approx(0.35)
    assert not FIRST.pruned
    assert PRUNED.pruned
    assert PRUNED.metrics == {"log_loss": 0.10}
    assert GAINED.metrics == {"log_loss": pytest.approx(0.33), "gain": 0.02, "gain_error": 0.01}


def test_two_trials_are_equal_whatever_time_they_took():
    assert replace(FIRST, seconds=99.0) == FIRST
    assert replace(FIRST, losses=(0.3, 0.41)) != FIRST


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        ((FIRST,), FIRST),
        ((FIRST, GAINED), GAINED),
        ((FIRST, PRUNED), FIRST),  # lower on the folds that it saw, and given up
        ((FIRST, replace(FIRST, gain=0.5)), FIRST),  # the first of equals
        ((FIRST, GAINED, PRUNED, tried(0.29, 0.30, gained=0.05)), tried(0.29, 0.30, gained=0.05)),
    ],
)
def test_the_best_is_the_complete_trial_of_the_lowest_loss(trials, best):
    found = tuning(*trials)
    assert found.best == best
    assert found.defaults is trials[0]
    assert found.pruned == sum(trial is PRUNED for trial in trials)


def confirmed(gained: float) -> Confirmation:
    return Confirmation(origin=JUNE, gain=gained, error=0.01)


@pytest.mark.parametrize(
    ("gained", "error", "confirmation", "better"),
    [
        (0.02, 0.01, None, True),
        (0.01, 0.01, None, False),  # one standard error is not more than one
        (0.0101, 0.01, None, True),
        (-0.1, 0.0, None, False),
        (0.02, 0.01, confirmed(0.0001), True),
        (0.02, 0.01, confirmed(0.0), False),
        (0.02, 0.01, confirmed(-0.001), False),
        (0.001, 0.01, confirmed(0.5), False),
    ],
)
def test_it_is_better_beyond_chance_and_at_a_date_that_no_trial_saw(
    gained, error, confirmation, better
):
    best = tried(0.2, 0.2, gained=gained, error=error)
    assert tuning(FIRST, best, confirmation=confirmation).better is better


def test_the_defaults_are_never_better_than_themselves():
    assert not tuning(replace(FIRST, gain=0.0, error=0.0)).better
    assert not tuning(FIRST, PRUNED).better


def test_its_metrics_and_plain_values_are_by_name():
    found = tuning(FIRST, GAINED, PRUNED, confirmation=confirmed(0.004))
    assert found.metrics == {
        "log_loss": pytest.approx(0.33),
        "defaults.log_loss": pytest.approx(0.35),
        "gain": 0.02,
        "gain_error": 0.01,
        "trials": 3,
        "pruned": 1,
        "confirmed_gain": 0.004,
    }
    assert "confirmed_gain" not in tuning(FIRST).metrics
    plain = found.to_json()
    assert plain["better"] is True
    assert plain["best"] == plain["defaults"] == dict(DEFAULTS)
    assert plain["origins"] == ["2026-05-01T00:00:00+00:00", "2026-06-01T00:00:00+00:00"]
    assert plain["judged_from"] == "2026-07-01T00:00:00+00:00"


def fold(people: list[str], happened: list[int], origin: datetime = MAY) -> Fold:
    """A fold whose rows have one column."""
    rows = Examples(np.arange(len(people), dtype=float)[:, None], np.array(happened, dtype=float))
    return Fold(origin, rows, rows, rows, pl.Series(people))


def test_the_gain_is_the_mean_of_the_folds_each_counting_the_same():
    folds = (fold(["a", "b"], [0, 1]), fold(["a", "b", "c", "d"], [0, 1, 0, 1]))
    before = [np.array([0.5, 0.5]), np.full(4, 0.3)]
    after = [np.array([0.3, 0.5]), np.full(4, 0.2)]
    found, _ = gain(folds, before, after)
    assert found == pytest.approx((0.1 + 0.1) / 2)


def test_its_error_is_clustered_by_person():
    less = [np.array([0.4, 0.0, 0.2, 0.2]), np.array([0.3, 0.1])]
    people = [["a", "b", "c", "d"], ["a", "b"]]
    folds = tuple(fold(names, [0] * len(names)) for names in people)
    _, error = gain(folds, less, [np.zeros(4), np.zeros(2)])
    by_person: dict[str, float] = {}
    for names, values in zip(people, less, strict=True):
        for name, value in zip(names, values, strict=True):
            by_person[name] = by_person.get(name, 0.0) + (value - values.mean()) / (2 * len(values))
    assert error == pytest.approx(sum(part**2 for part in by_person.values()) ** 0.5)
    apart = tuple(
        fold([f"{name}{index}" for name in names], [0] * len(names))
        for index, names in enumerate(people)
    )
    # Of the same person at two dates the differences go together here: apart they say more.
    assert gain(apart, less, [np.zeros(4), np.zeros(2)])[1] < error


def test_nothing_gained_is_nothing_and_sure():
    folds = (fold(["a", "b"], [0, 1]),)
    same = [np.array([0.4, 0.2])]
    assert gain(folds, same, same) == (0.0, 0.0)


def test_the_defaults_are_fitted_once_per_fold():
    happened = [0, 1] * 30
    folds = (fold([f"s{k}" for k in range(60)], happened),)
    booster = BoosterParams(rounds=3, min_data_in_leaf=5, threads=1)
    rows = tuning_folds.TestRows(folds, ["a"], booster)
    losses, trees = rows.log_losses(booster, 0)
    assert losses.shape == (60,)
    assert trees >= 1
    assert rows.log_losses(booster, 0)[0] is losses
    assert rows.by_defaults(1)[0] is losses
    other = replace(booster, num_leaves=7)
    assert rows.log_losses(other, 0)[0] is not rows.log_losses(other, 0)[0]
