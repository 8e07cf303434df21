"""Person-months beside a loop, and for which questions a month can follow."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.dataset.later_months import are_months, person_months
from perdura.models.params import TrainingParams
from perdura.sources.events import MOMENT
from tests.support.evaluated_rows import AS_OF

PARAMS = TrainingParams(horizon_days=30, grace_days=14)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"horizon_days": 28}, True),
        ({"horizon_days": 31}, True),
        ({"horizon_days": 27}, False),
        ({"horizon_days": 32}, False),
        ({"lead_days": 1}, False),
        ({"churn": "silence"}, False),
    ],
)
def test_a_month_follows_where_the_window_is_a_month_of_contracts(changed, expected):
    assert are_months(replace(PARAMS, **changed)) is expected


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 400),
            st.one_of(st.none(), st.integers(0, 12)),
            st.one_of(st.none(), st.integers(0, 12)),
        ),
        max_size=8,
    )
)
def test_every_known_month_up_to_the_one_they_left_in_is_a_row(rows):
    frame = pl.DataFrame(
        [(AS_OF + timedelta(days=days), known, left) for days, known, left in rows],
        schema={"as_of": MOMENT, "months_known": pl.Int8, "left_month": pl.Int8},
        orient="row",
    )
    expected = [
        (
            index,
            month,
            month == left,
            AS_OF + timedelta(days=days + 30 * month),
            AS_OF + timedelta(days=days + 30 * month + 44),
        )
        for index, (days, known, left) in enumerate(rows)
        for month in range(1, 13)
        if known is not None or left is not None
        if known is None or month < known
        if left is None or month <= left
    ]
    found = person_months(frame, PARAMS)
    assert found.columns == ["row", "month", "left", "opens", "closes"]
    assert found.rows() == expected
