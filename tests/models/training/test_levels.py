"""The level of risks beside a bisection, and how much of a shift is applied, by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.predictor.calibration import Platt
from perdura.models.training.cross_fit import crossfit_calibration, newest_rows
from perdura.models.training.risk_level import LEAVERS_FOR_HALF, level_shift, shifted, shrunk
from tests.support.evaluated_rows import AS_OF


def bisected(log_odds: list[float], happened: list[int]) -> float:
    """The shift under which the mean risk is the rate, with half a row more of each class."""
    rate = (sum(happened) + 0.5) / (len(happened) + 1)
    low, high = -20.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        mean = sum(1 / (1 + np.exp(-(odds + middle))) for odds in log_odds) / len(log_odds)
        low, high = (middle, high) if mean < rate else (low, middle)
    return low


ROWS = st.lists(st.tuples(st.floats(-6, 6), st.integers(0, 1)), min_size=1, max_size=25)


@given(rows=ROWS)
def test_the_shift_is_where_the_mean_risk_meets_the_rate(rows):
    odds, happened = map(list, zip(*rows, strict=True))
    found = level_shift(np.array(odds), np.array(happened, dtype=float))
    assert found == pytest.approx(bisected(odds, happened), abs=1e-6)


@pytest.mark.parametrize(
    ("shift", "leavers", "applied"),
    [
        (0.1, 0, 0.0),
        (0.1, LEAVERS_FOR_HALF, 0.05),
        (-0.1, LEAVERS_FOR_HALF, -0.05),
        (0.1, 300, 0.075),
        # Four standard errors: 1 - 4 / 16 is more than 100 / 200.
        (0.4, 100, 0.4 * 0.75),
        (1.0, 100, 0.96),
        (0.0, 1_000, 0.0),
    ],
)
def test_a_shift_is_applied_as_far_as_its_churners_speak_for_it(shift, leavers, applied):
    assert shrunk(shift, leavers) == pytest.approx(applied)


@given(shift=st.floats(-5, 5), leavers=st.integers(0, 10**6))
def test_a_shift_is_never_overdone_or_turned_round(shift, leavers):
    found = shrunk(shift, leavers)
    assert 0 <= found * np.sign(shift) <= abs(shift)


@given(rows=ROWS)
def test_a_shifted_curve_has_the_same_slope_everywhere(rows):
    odds, happened = map(list, zip(*rows, strict=True))
    curve = Platt(1.2, 0.1)
    moved = shifted(curve, np.array(odds), np.array(happened, dtype=float))
    scores = np.linspace(-3, 3, 7)
    distance = moved.log_odds(scores) - curve.log_odds(scores)
    assert distance == pytest.approx(np.full(7, distance[0]))
    expected = shrunk(
        level_shift(curve.log_odds(np.array(odds)), np.array(happened, dtype=float)), sum(happened)
    )
    assert distance[0] == pytest.approx(expected)


def test_where_newest_rows_have_one_class_only_the_level_stays():
    random = np.random.default_rng(0)
    score = random.normal(-1, 1, 400)
    happened = (random.random(400) < 1 / (1 + np.exp(-score))).astype(float)
    newest = np.arange(400) >= 350
    none_left = np.where(newest, 0.0, happened)
    whole = crossfit_calibration(score, none_left, newest)
    halved = crossfit_calibration(score, none_left, newest, share=0.5)
    # A share of the non-churners moves the log-odds by its logarithm, and nothing else.
    distance = halved.log_odds(score) - whole.log_odds(score)
    assert distance == pytest.approx(np.full(400, np.log(0.5)))


@pytest.mark.parametrize(("dates", "expected"), [(1, [2]), (2, [1, 2]), (9, [0, 1, 2])])
def test_the_newest_rows_are_those_of_the_last_dates(dates, expected):
    months = [2, 0, 1, 2, 0]
    rows = pl.DataFrame({"as_of": months}).select(
        as_of=pl.lit(AS_OF) + pl.duration(days=30 * pl.col("as_of"))
    )
    found = newest_rows(rows, dates)
    assert found.tolist() == [month in expected for month in months]
