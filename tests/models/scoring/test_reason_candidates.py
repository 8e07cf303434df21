"""Which candidates are given as reasons: faithful ones, strong beside the strongest, a few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.scoring.reason_candidates import MOST, ReasonCandidates


def candidates(weights, falls=None, signals=None):
    weight = np.array(weights, np.float32)
    fall = np.full(weight.shape, np.nan) if falls is None else np.array(falls, float)
    signal = np.arange(weight.size).reshape(weight.shape) if signals is None else np.array(signals)
    column = np.zeros(weight.shape, np.uint16)
    usual = np.full(weight.shape, np.nan)
    return ReasonCandidates(np.zeros(len(weight)), weight, signal, column, fall, usual)


def given_ranks(found: ReasonCandidates) -> list[list[int]]:
    row, rank = found.shown()
    return [rank[row == number].tolist() for number in range(len(found.weight))]


@pytest.mark.parametrize(
    ("weights", "falls", "ranks"),
    [
        ([2.0, 1.0, 0.5], None, [0, 1, 2]),
        ([2.0, 0.31, 0.29], None, [0, 1]),  # less than 15 % of the strongest
        ([2.0, 1.0, 0.5], [1.0, 0.0, 1.0], [0, 2]),  # the score does not fall without it
        ([2.0, 1.0, 0.5], [1.0, 0.1, 0.11], [0, 2]),
        ([9.0, 1.0, 0.5], [-1.0, 1.0, 1.0], [1, 2]),  # beside the strongest that is given
        ([2.0, 1.0, 0.5], [np.nan, np.nan, 0.0], [0, 1]),  # unknown is taken for faithful
        ([1.0] * 6, None, [0, 1, 2, 3]),
        ([2.0, 1.0], [0.0, 0.0], []),
    ],
)
def test_reasons_are_chosen_by_weight_and_by_ablation(weights, falls, ranks):
    found = candidates([weights], None if falls is None else [falls])
    assert given_ranks(found) == [ranks]


def test_ranks_without_a_signal_are_none():
    assert given_ranks(candidates([[1.0, 0.0]], signals=[[3, -1]])) == [[0]]
    assert given_ranks(candidates([[0.0, 0.0]], signals=[[-1, -1]])) == [[]]


@given(
    st.lists(
        st.lists(
            st.tuples(st.floats(0.125, 4, width=32), st.floats(-1, 1) | st.just(np.nan)),
            min_size=6,
            max_size=6,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_reasons_are_those_of_a_loop(rows):
    ordered = [sorted(row, key=lambda one: -one[0]) for row in rows]
    found = candidates(
        [[weight for weight, _ in row] for row in ordered],
        [[fall for _, fall in row] for row in ordered],
    )
    for row, ranks in zip(ordered, given_ranks(found), strict=True):
        faithful = [n for n, (_, fall) in enumerate(row) if not fall <= 0.1]
        most = max((np.float32(row[n][0]) for n in faithful), default=0)
        large = [n for n in faithful if np.float32(row[n][0]) > 0.15 * most]
        assert ranks == large[:MOST]


def test_no_rows_have_no_reasons():
    row, rank = candidates(np.zeros((0, 6))).shown()
    assert (len(row), len(rank)) == (0, 0)
