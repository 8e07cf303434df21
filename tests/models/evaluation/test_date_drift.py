"""Columns that separate old dates from new ones, beside counting pairs."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.evaluation.date_drift import DRIFTS_FROM, drifting_columns
from perdura.sources.events import MOMENT
from tests.support.evaluated_rows import AS_OF


def dates_of(months: list[int]) -> pl.Series:
    return pl.Series([AS_OF + timedelta(days=30 * month) for month in months], dtype=MOMENT)


def slow_drift(values: list[float], months: list[int]) -> bool:
    """Whether a value of the newest third is above one of the oldest third, or below, often."""
    dates = sorted(set(months))
    third = len(dates) // 3
    if not third:
        return False
    lowest = [-np.inf if np.isnan(value) else value for value in values]
    old = [v for v, month in zip(lowest, months, strict=True) if month in dates[:third]]
    new = [v for v, month in zip(lowest, months, strict=True) if month in dates[-third:]]
    pairs = [1.0 if n > o else 0.5 if n == o else 0.0 for n in new for o in old]
    return abs(float(np.mean(pairs)) - 0.5) >= DRIFTS_FROM - 0.5


VALUES = st.sampled_from([float("nan"), -5.0, 0.0, 1.0, 1.0, 2.0, 1e300])


@given(rows=st.lists(st.tuples(st.integers(0, 8), VALUES, VALUES), min_size=1, max_size=30))
def test_a_column_drifts_where_most_pairs_of_old_and_new_say_so(rows):
    months, one, other = map(list, zip(*rows, strict=True))
    found = drifting_columns(np.array([one, other]).T, dates_of(months))
    assert found.tolist() == [slow_drift(one, months), slow_drift(other, months)]


@pytest.mark.parametrize(("months", "drifts"), [([0, 0, 1, 1], False), ([0, 1, 2], True)])
def test_of_two_dates_nothing_can_be_said(months, drifts):
    matrix = np.array(months, dtype=float)[:, None]
    assert drifting_columns(matrix, dates_of(months)).tolist() == [drifts]


def test_a_column_that_shrinks_with_the_calendar_drifts_too():
    months = [0, 1, 2]
    assert drifting_columns(np.array([[3.0], [2.0], [1.0]]), dates_of(months)).tolist() == [True]


def test_the_middle_third_has_no_say():
    values = np.array([[1.0], [99.0], [1.0]])
    assert drifting_columns(values, dates_of([0, 1, 2])).tolist() == [False]


def test_a_column_that_is_filled_in_later_drifts_as_unknown_is_lowest():
    values = np.array([[float("nan")], [float("nan")], [0.0]])
    assert drifting_columns(values, dates_of([0, 1, 2])).tolist() == [True]
