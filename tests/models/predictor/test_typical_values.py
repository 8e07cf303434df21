"""Typical values: which group a row belongs to, beside a loop over groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.predictor.column_contract import ColumnContract, ContractColumn
from perdura.models.predictor.typical_values import EncodedTypical, Group, TypicalValues

CONTRACT = ColumnContract(
    (
        ContractColumn("interval_months"),
        ContractColumn("plan", ("basic", "pro")),
        ContractColumn("days_since_paid"),
    )
)
TYPICAL = TypicalValues(
    (
        Group({}, {"interval_months": 1.0, "plan": "basic", "days_since_paid": 15.0}),
        Group(
            {"interval_months": 12.0},
            {"interval_months": 12.0, "plan": "pro", "days_since_paid": 180.0},
        ),
        Group({"interval_months": 12.0, "plan": "pro"}, {"plan": "pro", "days_since_paid": None}),
        Group({"plan": None}, {"plan": None}),
    )
)


def test_values_are_encoded_by_the_contract_and_what_is_not_said_is_unknown():
    found = TYPICAL.encode(CONTRACT)
    nan = np.nan
    np.testing.assert_array_equal(
        found.values, [[1, 0, 15], [12, 1, 180], [nan, 1, nan], [nan, nan, nan]]
    )
    np.testing.assert_array_equal(
        found.common, [[nan, nan, nan], [12, nan, nan], [12, 1, nan], [nan, nan, nan]]
    )
    assert found.compared.tolist() == [
        [False, False, False],
        [True, False, False],
        [True, True, False],
        [False, True, False],
    ]


def test_what_is_not_known_of_a_group_is_that_of_the_last_larger_one_around_it():
    paid, of = "days_since_paid", ({}, {"interval_months": 12.0}, {"plan": "pro"})
    both = of[1] | of[2]
    groups = (
        Group(of[0], {}, {paid: 15.0}),
        Group(of[1], {}, {paid: 180.0}),
        Group(of[2], {}, {"interval_months": 3.0}),
        Group(both, {paid: 4.0}),  # of an older version: the medians of all rows
        Group(both, {paid: None}),
    )
    known = TypicalValues(groups).encode(CONTRACT).known
    assert known[:, 2].tolist() == [15, 180, 15, 4, 4]
    assert known[2, 0] == 3


@pytest.mark.parametrize(
    ("row", "group"),
    [
        ((1.0, 0.0, 3.0), 0),
        ((12.0, 0.0, 3.0), 1),
        ((12.0, 1.0, np.nan), 2),
        ((1.0, 1.0, 3.0), 0),
        ((12.0, np.nan, 3.0), 3),  # the last that fits
        ((np.nan, np.nan, np.nan), 3),
    ],
)
def test_a_row_belongs_to_the_last_group_that_it_fits(row, group):
    assert TYPICAL.encode(CONTRACT).group_of(np.array([row])).tolist() == [group]


VALUE = st.sampled_from([0.0, 1.0, np.nan])


@given(
    st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=8),
    st.lists(st.tuples(st.booleans(), st.booleans(), VALUE, VALUE), max_size=5),
)
def test_groups_are_those_of_a_loop(rows, drawn):
    groups = [(False, False, np.nan, np.nan), *drawn]
    typical = EncodedTypical(
        values=np.zeros((len(groups), 2)),
        common=np.array([group[2:] for group in groups]),
        compared=np.array([group[:2] for group in groups]),
        known=np.zeros((len(groups), 2)),
    )
    found = typical.group_of(np.array(rows))
    for row, index in zip(rows, found.tolist(), strict=True):
        fits = [
            number
            for number, (*compared, first, second) in enumerate(groups)
            if all(
                own == key or (np.isnan(own) and np.isnan(key))
                for own, key, used in zip(row, (first, second), compared, strict=True)
                if used
            )
        ]
        assert index == fits[-1]


def test_they_are_read_as_they_were_written(tmp_path):
    assert TypicalValues.load(tmp_path) is None
    TYPICAL.save(tmp_path)
    assert TypicalValues.load(tmp_path) == TYPICAL
