"""The compiled choice of signals beside a loop over dictionaries."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.scoring.strongest import pick_strongest

LEAST = np.float32(0.1)
RANKS = 6


def chosen(added, *rest):
    """What is picked: one list per row of signal, weight and column."""
    shape = (len(added), RANKS)
    weights, signals = np.zeros(shape, np.float32), np.zeros(shape, np.uint16)
    columns = np.zeros(shape, np.uint16)
    pick: Any = pick_strongest
    count = pick(added, *rest, LEAST, weights, signals, columns)
    return [
        [
            (int(signals[row, rank]), float(weights[row, rank]), int(columns[row, rank]))
            for rank in range(count[row])
        ]
        for row in range(len(added))
    ]


def slowly(added, slope, signal, *hidden):
    found = []
    mute, silent, unnamed = hidden
    for row in range(len(added)):
        total, most, best = {}, {}, {}
        for column in range(added.shape[1]):
            if silent[column]:
                continue
            own, value = int(signal[row, column]), added[row, column] * slope[row]
            total[own] = np.float32(total.get(own, np.float32(0)) + value)
            if not mute[row, column] and value > most.get(own, -np.inf):
                most[own], best[own] = value, column
        named = [own for own in best if not unnamed[own] and total[own] > LEAST]
        named.sort(key=lambda own: (-total[own], own))
        found.append([(own, float(total[own]), best[own]) for own in named[:RANKS]])
    return found


@given(st.integers(0, 10_000), st.integers(0, 6), st.integers(1, 12), st.integers(1, 9))
def test_it_is_what_a_loop_picks(seed, rows, columns, signals):
    random = np.random.default_rng(seed)
    # Steps of an eighth: sums are exact, and signals tie.
    added = (random.integers(-8, 9, (rows, columns)) / 8).astype(np.float32)
    slope = random.choice([0.5, 1.0, 2.0], rows).astype(np.float32)
    signal = random.integers(0, signals, (rows, columns)).astype(np.uint16)
    mute = random.random((rows, columns)) < 0.3
    silent, unnamed = random.random(columns) < 0.2, random.random(signals) < 0.2
    given_rows = (added, slope, signal, mute, silent, unnamed)
    assert chosen(*given_rows) == slowly(*given_rows)


def one(added, signal, **own):
    """One row; ``own`` is what is muted, silent or unnamed."""
    count = len(added)
    return chosen(
        np.array([added], np.float32),
        np.ones(1, np.float32),
        np.array([signal], np.uint16),
        np.array([own.get("mute", [False] * count)]),
        np.array(own.get("silent", [False] * count)),
        np.array(own.get("unnamed", [False] * (max(signal) + 1))),
    )[0]


def test_a_signal_adds_up_its_columns_and_the_largest_represents_it():
    assert one([0.25, 0.5, 1.0], [0, 0, 1]) == [(1, 1.0, 2), (0, 0.75, 1)]


def test_a_column_that_lowers_the_score_lowers_its_signal():
    assert one([0.5, -0.25, 1.0], [0, 0, 1]) == [(1, 1.0, 2), (0, 0.25, 0)]
    assert one([0.5, -0.5], [0, 0]) == []


def test_of_equal_signals_and_columns_the_first_comes_first():
    assert one([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0]) == [(0, 1.0, 1), (1, 1.0, 0)]


def test_a_mute_column_adds_and_does_not_represent():
    assert one([1.0, 0.25], [0, 0], mute=[True, False]) == [(0, 1.25, 1)]
    assert one([1.0, 0.25], [0, 0], mute=[True, True]) == []


def test_a_silent_column_neither_adds_nor_represents():
    assert one([1.0, 0.25], [0, 0], silent=[True, False]) == [(0, 0.25, 1)]


def test_an_unnamed_signal_is_left_out():
    assert one([1.0, 0.25], [0, 1], unnamed=[True, False]) == [(1, 0.25, 1)]


def test_no_more_than_there_are_ranks_and_none_of_little_weight():
    assert len(one([1.0] * 9, list(range(9)))) == RANKS
    assert one([0.1, 0.125], [0, 1]) == [(1, 0.125, 1)]  # more than the least, not as much
