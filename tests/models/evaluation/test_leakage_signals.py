"""How a column ranks alone: by the churn rate of its bins, shrunk, learnt on other rows."""

from bisect import bisect_right
from collections.abc import Sequence
from math import isnan

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.booster import Examples
from perdura.models.evaluation.leakage_signals import ranking_alone
from tests.support.evaluated_rows import slow_auc

_PRIOR = 50


def examples(columns: Sequence[Sequence[float] | np.ndarray], left: list[int]) -> Examples:
    return Examples(np.array(columns, dtype=float).T, np.array(left, dtype=float))


def slow_alone(values: list[float], left: list[int], test: list[float]) -> list[float]:
    """The shrunk rate of each test value's bin; rows without a value have a bin of their own."""
    known = sorted(value for value in values if not isnan(value))
    edges = sorted(set(np.quantile(known, np.linspace(0, 1, 33)[1:-1]))) if known else []

    def bin_of(value: float) -> int:
        return bisect_right(edges, value) if not isnan(value) else -1

    overall = sum(left) / len(left)
    rates: dict[int, float] = {}
    for value in test:
        inside = [y for x, y in zip(values, left, strict=True) if bin_of(x) == bin_of(value)]
        rates[bin_of(value)] = (sum(inside) + _PRIOR * overall) / (len(inside) + _PRIOR)
    return [rates[bin_of(value)] for value in test]


VALUES = st.sampled_from([float("nan"), -1e30, -1.0, 0.0, 0.0, 1.0, 2.5, 7.0, 1e30])
ROWS = st.lists(st.tuples(VALUES, st.integers(0, 1)), min_size=1, max_size=40)


@given(fit=ROWS, test=ROWS)
def test_a_column_is_ranked_by_the_shrunk_rates_of_its_bins(fit, test):
    (values, left), (later, came) = (map(list, zip(*rows, strict=True)) for rows in (fit, test))
    found = ranking_alone(["a"], examples([values], left), examples([later], came)).row(
        0, named=True
    )
    both = 0 < sum(came) < len(came)
    alone = slow_auc(slow_alone(values, left, later), came) if both else 0.5
    missing = slow_auc(
        slow_alone(
            [float(isnan(value)) for value in values], left, [float(isnan(v)) for v in later]
        ),
        came,
    )
    assert found["alone"] == pytest.approx(alone)
    if both:
        assert found["missingness"] == pytest.approx(missing)


def test_the_best_column_comes_first_and_of_equals_the_first_by_name():
    random = np.random.default_rng(0)
    left = (random.random(400) < 0.3).astype(int)
    noise = random.random(400)
    known = left + 0.01 * noise
    rows = examples([noise, known, known, [float("nan")] * 400], left.tolist())
    found = ranking_alone(["z", "b", "a", "empty"], rows, rows)
    assert found["column"].to_list()[:3] == ["a", "b", "z"]
    assert found.filter(column="empty").row(0) == ("empty", 0.5, 0.5)
    assert found["alone"][0] == pytest.approx(1.0, abs=0.01)


def test_what_the_values_meant_before_is_what_counts():
    up = examples([list(range(100))], [0] * 50 + [1] * 50)
    down = examples([list(range(100))], [1] * 50 + [0] * 50)
    assert ranking_alone(["a"], up, up)["alone"][0] > 0.95
    assert ranking_alone(["a"], up, down)["alone"][0] < 0.05


def test_a_column_that_is_filled_in_for_churners_says_so_by_being_empty():
    left = [1] * 200 + [0] * 200
    values = [3.0] * 190 + [float("nan")] * 210
    found = ranking_alone(["why"], examples([values], left), examples([values], left))
    assert found["missingness"][0] == pytest.approx(0.975)
    assert found["alone"][0] == pytest.approx(0.975)


def test_no_columns_give_no_lines():
    rows = Examples(np.empty((3, 0)), np.array([0.0, 1.0, 0.0]))
    assert ranking_alone([], rows, rows).shape == (0, 3)
    assert ranking_alone([], rows, rows).schema["alone"] == pl.Float64
