"""Each minimum, just met and just missed, by hand: what decides, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation.calibration_bound import CalibrationBound
from perdura.models.evaluation.metrics import Metrics
from perdura.models.promotion.minimums import (
    Minimums,
    beaten_by_logistic,
    below_minimums,
    caused,
    name_each_cause_once,
    unsteady,
    without_lift,
)
from tests.models.promotion.test_diagnosis import diagnosis

MINIMUMS = Minimums()
GOOD = Metrics(
    roc_auc=0.80,
    average_precision=0.2,
    log_loss=0.30,
    brier=0.02,
    calibration_error=0.01,
    calibration_error_debiased=0.0,
    lift=5.0,
    recall=0.3,
    money_caught=0.3,
)
CONSTANT = replace(GOOD, roc_auc=0.5, log_loss=0.40)
BOUND = CalibrationBound(chance=0.02, tolerance=0.01, rows=1_000, leavers=50)


def missed(
    lower_bound: float = 0.7,
    bound: CalibrationBound = BOUND,
    *,
    others: dict[str, Metrics] | None = None,
    **model: float,
) -> list[str]:
    """What a model falls short of that is good but for these metrics."""
    by_model = {"model": replace(GOOD, **model), "constant": CONSTANT} | (others or {})
    return below_minimums(by_model, MINIMUMS, lower_bound, bound)


def test_a_good_model_misses_nothing():
    assert missed() == []


@pytest.mark.parametrize(
    ("metric", "met", "short", "words"),
    [
        ("roc_auc", 0.60, 0.5999, "its ROC AUC is 0.600 and must be at least 0.60"),
        ("log_loss", 0.3999, 0.40, "no better than predicting the same rate for every subscriber"),
        (
            "calibration_error",
            0.03,
            0.0301,
            "0.030 off the observed rates, and may be at most 0.030",
        ),
    ],
)
def test_a_metric_just_meets_its_minimum_or_just_misses_it(metric, met, short, words):
    assert missed(**{metric: met}) == []
    found = missed(**{metric: short})
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(("lower_bound", "count"), [(0.55, 0), (0.5499, 1), (0.0, 1)])
def test_the_ranking_must_hold_in_nineteen_of_twenty_resamples(lower_bound, count):
    found = missed(lower_bound)
    assert len(found) == count
    assert all("its ranking may be chance: in 1 of 20 resamples" in line for line in found)


@pytest.mark.parametrize(("leavers", "count"), [(10, 0), (9, 1), (1, 1), (0, 1)])
def test_an_evaluation_needs_ten_churners(leavers, count):
    found = missed(bound=replace(BOUND, leavers=leavers))
    assert len(found) == count
    assert all(f"{leavers} of the 1,000 evaluated rows left" in line for line in found)


def test_one_row_is_one_row():
    words = " ".join(missed(bound=replace(BOUND, leavers=1, rows=1), calibration_error=0.5))
    assert "1 of the 1 evaluated row left" in words
    assert "with 1 leaver among 1 row)" in words


@pytest.mark.parametrize(("own_rate", "count"), [(0.3001, 0), (0.30, 1), (0.2, 1)])
def test_it_must_be_better_than_each_subscribers_own_past_rate(own_rate, count):
    found = missed(others={"own_rate": replace(GOOD, log_loss=own_rate)})
    assert len(found) == count
    assert all("each subscriber's own past rate" in line for line in found)


@pytest.mark.parametrize(("recency", "count"), [(0.7999, 0), (0.80, 1), (0.9, 1)])
def test_it_must_rank_better_than_the_days_since_the_last_payment(recency, count):
    found = missed(others={"recency": replace(GOOD, roc_auc=recency)})
    assert len(found) == count
    assert all("than the days since the last payment do" in line for line in found)


def test_everything_that_is_missed_is_said_in_the_order_of_weight():
    found = missed(
        0.4,
        replace(BOUND, leavers=3),
        others={"recency": GOOD, "own_rate": replace(GOOD, log_loss=0.1)},
        roc_auc=0.5,
        log_loss=0.5,
        calibration_error=0.2,
    )
    assert [line.split(" ")[0:2] for line in found] == [
        ["3", "of"],
        ["its", "ROC"],
        ["its", "log"],
        ["its", "log"],
        ["it", "ranks"],
        ["its", "ranking"],
        ["its", "risks"],
    ]


def test_the_last_of_several_bad_rankings_names_their_cause():
    by_model = {"model": replace(GOOD, roc_auc=0.5, log_loss=0.5), "constant": CONSTANT}
    found = below_minimums(by_model, MINIMUMS, 0.4, BOUND, diagnosis(0.1, 0.1, 0.1))
    assert len(found) == 3
    assert [("Likely cause" in line) for line in found] == [False, False, True]


def test_risks_that_are_off_say_which_way():
    by_model = {"model": replace(GOOD, calibration_error=0.2), "constant": CONSTANT}
    (found,) = below_minimums(by_model, MINIMUMS, 0.7, BOUND, diagnosis(0.2, 0.1, 0.1))
    assert "leavers among 1,000 rows): they are too high at" in found


def test_minimums_of_ones_own_are_those_that_count():
    strict = replace(MINIMUMS, roc_auc=0.9, roc_auc_low=0.8, leavers=60)
    by_model = {"model": GOOD, "constant": CONSTANT}
    assert len(below_minimums(by_model, strict, 0.7, BOUND)) == 3


def gains(better: int, of: int = 400) -> dict[str, np.ndarray]:
    """Resamples of which in so many logistic regression has the lower log loss."""
    gain = np.where(np.arange(of) < better, -0.01, 0.01)
    return {"auc": np.full(of, 0.7), "auc_gain": gain, "loss_gain": gain}


@pytest.mark.parametrize(("better", "count"), [(0, 0), (359, 0), (360, 1), (400, 1)])
def test_logistic_regression_must_not_be_better_in_nine_of_ten_resamples(better, count):
    found = beaten_by_logistic(gains(better), MINIMUMS)
    assert len(found) == count
    assert all(f"is lower in {better / 400:.0%} of 400 resamples" in line for line in found)


def test_a_tie_with_logistic_regression_is_no_defeat():
    ties = {"loss_gain": np.zeros(400)}
    assert beaten_by_logistic(ties, MINIMUMS) == []


def test_without_logistic_regression_nothing_is_compared():
    assert beaten_by_logistic({"auc": np.zeros(400)}, MINIMUMS) == []


@pytest.mark.parametrize(
    ("lower_bound", "count"), [(None, 0), (1.0001, 0), (1.0, 1), (0.2, 1), (0.0, 1)]
)
def test_even_in_a_bad_resample_the_called_must_leave_more_often(lower_bound, count):
    found = without_lift(2.0, lower_bound, 1_500, MINIMUMS)
    assert len(found) == count
    assert all("no clear lift among the 1,500 riskiest of each date" in line for line in found)


def at_dates(log_loss: list[float], high: list[float] | None = None) -> pl.DataFrame:
    """Backtests at earlier dates, where the constant rate has a log loss of 0.2."""
    count = len(log_loss)
    return pl.DataFrame(
        {
            "origin": [datetime(2026, 1 + k, 1, tzinfo=UTC) for k in range(count)],
            "rows": [100] * count,
            "churned": [60] * count,
            "log_loss": log_loss,
            "constant": [0.2] * count,
            "high": high or [0.9] * count,
        }
    )


@pytest.mark.parametrize(
    ("dates", "lost", "refused"),
    [
        (1, 0, False),
        (1, 1, True),
        (3, 1, True),
        (4, 1, False),
        (4, 2, True),
        (7, 1, False),
        (7, 2, True),
        (8, 2, False),
        (8, 3, True),
    ],
)
def test_a_quarter_of_the_backtests_may_be_lost(dates, lost, refused):
    losses = [0.2] * lost + [0.1999] * (dates - lost)
    found = unsteady(at_dates(losses), MINIMUMS)
    assert bool(found) is refused
    assert not refused or f"every subscriber at {lost} (" in found[0]


def test_one_earlier_date_is_said_as_one():
    assert "trained at 1 earlier date, it was" in unsteady(at_dates([0.3]), MINIMUMS)[0]


@pytest.mark.parametrize(("high", "count"), [(0.55, 0), (0.5499, 1)])
def test_at_no_date_may_the_ranking_be_clearly_below_the_minimum(high, count):
    found = unsteady(at_dates([0.1] * 4, [0.9, high, 0.9, 0.9]), MINIMUMS)
    assert len(found) == count
    assert all(
        "trained at 2026-02-01, its ROC AUC was clearly below 0.55" in line for line in found
    )


def test_both_failings_in_backtests_are_said():
    found = unsteady(at_dates([0.3, 0.3], [0.5, 0.5]), MINIMUMS)
    assert len(found) == 2
    assert "2026-01-01, 2026-02-01" in found[1]


@pytest.mark.parametrize(
    ("cause", "said"), [(None, "it is bad"), ("", "it is bad"), ("Cause.", "it is bad. Cause.")]
)
def test_a_finding_is_followed_by_its_cause_where_that_is_known(cause, said):
    assert caused("it is bad", cause) == said


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (
            ["a. Likely cause: x", "b. Likely cause: y"],
            ["a. Likely cause: x", "b. Likely cause: y"],
        ),
        (
            ["a. Likely cause: x", "b", "c. Likely cause: x"],
            ["a", "b", "c. Likely cause: x"],
        ),
    ],
)
def test_a_shared_cause_stands_with_the_last_finding(findings, expected):
    assert name_each_cause_once(findings) == expected
