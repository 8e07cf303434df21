"""What a backtest may know at its date, beside a loop; and which dates it has, by their rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.backtesting.backtest import known_at, origins_of
from perdura.models.dataset.outcomes import OUTCOME
from perdura.models.dataset.split import HistoryTooShort
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import TrainingParams
from perdura.sources.events import MOMENT
from tests.support.evaluated_rows import AS_OF

PARAMS = TrainingParams(horizon_days=20, grace_days=10, calibrate_dates=1, judge_dates=1)


def month(number: int) -> datetime:
    return AS_OF + timedelta(days=30 * number)


def training_of(rows: Sequence[tuple[str, int, bool | None]]) -> TrainingSet:
    """Rows of a subscriber, a month and an outcome."""
    frame = pl.DataFrame(
        [
            (
                name,
                AS_OF + timedelta(days=30 * month),
                left,
                "payment" if left else None,
                left,
                name,
            )
            for name, month, left in rows
        ],
        schema={
            "subscriber_id": pl.String,
            "as_of": MOMENT,
            "churned": pl.Boolean,
            "cause": pl.String,
            "expanded": pl.Boolean,
            "owner": pl.String,
        },
        orient="row",
    ).with_columns(feature=pl.int_range(pl.len()))
    about = frame.select("subscriber_id", "as_of", mrr=pl.int_range(pl.len()))
    return TrainingSet(rows=frame, about=about, columns=(), known_until=AS_OF)


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.sampled_from([True, False, None])),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


@given(rows=ROWS, origin=st.integers(0, 5), turned=st.booleans())
def test_rows_up_to_the_date_have_the_labels_of_that_day_and_its_own_rows_keep_theirs(
    rows, origin, turned
):
    training = training_of(rows)
    then = {(name, month(m)): (not left if turned else None) for name, m, left in rows}
    labels = training.rows.filter(pl.col("as_of") < pl.lit(month(origin))).select(
        "subscriber_id", "as_of", *OUTCOME
    )
    labels = labels.with_columns(
        churned=pl.Series(
            [then[key] for key in labels.select("subscriber_id", "as_of").rows()], dtype=pl.Boolean
        )
    )
    found = known_at(training, month(origin), labels)
    expected = [
        (name, month(m), left if m == origin else then[name, month(m)], index)
        for index, (name, m, left) in enumerate(rows)
        if m <= origin
    ]
    assert found.rows.select("subscriber_id", "as_of", "churned", "feature").rows() == expected
    assert found.about["mrr"].to_list() == [index for *_, index in expected]
    assert found.rows.columns == training.rows.columns
    assert found.known_until == month(origin)


def test_a_row_that_had_no_label_then_has_none():
    training = training_of([("a", 0, True), ("b", 0, False), ("a", 1, True)])
    found = known_at(
        training, month(1), training.rows.head(0).select("subscriber_id", "as_of", *OUTCOME)
    )
    assert found.rows["churned"].to_list() == [None, None, True]
    assert found.rows["owner"].to_list() == [None, None, "a"]


def slow_origins(months: list[int], params: TrainingParams) -> list[int]:
    """The dates that have a closed date to calibrate on, and before that one to fit on."""
    gap = params.gap_days
    found = []
    for origin in months:
        closed = [m for m in months if 30 * m + gap <= 30 * origin and m < origin]
        calibrate = closed[-params.calibrate_dates :]
        fit = [
            m
            for m in months
            if calibrate and m < calibrate[0] and 30 * m + gap <= 30 * calibrate[0]
        ]
        if fit:
            found.append(origin)
    return found


@given(
    months=st.lists(st.integers(0, 14), min_size=1, max_size=9, unique=True).map(sorted),
    gap=st.sampled_from([0, 30, 31, 60]),
    calibrate=st.integers(1, 2),
)
def test_a_date_has_a_backtest_where_enough_had_closed_before_it(months, gap, calibrate):
    params = replace(PARAMS, horizon_days=gap, grace_days=0, calibrate_dates=calibrate)
    training = training_of([("a", m, True) for m in months])
    expected = slow_origins(months, params)
    if expected:
        assert origins_of(training, params) == [month(m) for m in expected]
    else:
        with pytest.raises(HistoryTooShort, match=r"To try: training\.split = 'subscribers'"):
            origins_of(training, params)


def test_dates_whose_outcome_is_unknown_are_none():
    known = [("a", m, True) for m in range(4)]
    training = training_of([*known, ("a", 4, None)])
    assert origins_of(training, PARAMS) == origins_of(training_of(known), PARAMS)
