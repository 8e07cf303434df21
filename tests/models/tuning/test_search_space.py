"""The search space: its bounds by hand, and what is said of values outside of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.params import BoosterParams
from perdura.models.tuning.search_space import SPACE, Span, mistakes, values_of, with_values

GOOD = values_of(BoosterParams())


def test_the_defaults_lie_in_the_space():
    assert mistakes(GOOD) == []
    assert list(GOOD) == list(SPACE)


@pytest.mark.parametrize("name", list(SPACE))
def test_each_bound_is_within_and_a_little_further_is_not(name):
    span = SPACE[name]
    step = 1 if span.whole else 1e-9
    kind = int if span.whole else float
    for bound, beyond in ((span.low, span.low - step), (span.high, span.high + step)):
        assert mistakes({**GOOD, name: kind(bound)}) == []
        assert mistakes({**GOOD, name: kind(beyond)}) == [
            f"{name}: {kind(beyond)} is not within {span.low} to {span.high}"
        ]


@pytest.mark.parametrize(
    ("span", "value", "said"),
    [
        (Span(3, 6, whole=True), 4, None),
        (Span(3, 6, whole=True), 4.0, "4.0 is no whole number"),
        (Span(3, 6, whole=True), True, "True is no whole number"),
        (Span(0, 1), True, "True is no number"),
        (Span(0, 1), 1, None),
        (Span(0, 1), "0.5", "'0.5' is no number"),
        (Span(0, 1), None, "None is no number"),
        (Span(0, 1), [0.5], "[0.5] is no number"),
        (Span(0, 1), float("inf"), "inf is not within 0 to 1"),
        (Span(0, 1), float("nan"), "nan is not within 0 to 1"),
    ],
)
def test_a_value_of_another_kind_is_refused_in_words(span, value, said):
    assert span.mistake(value) == said


def test_all_that_is_wrong_is_said_missing_values_first():
    values = {**GOOD, "depth": 3, "max_depth": 9}
    del values["num_leaves"]
    assert mistakes(values) == [
        "num_leaves is missing",
        "depth is not known",
        "max_depth: 9 is not within 3 to 6",
    ]
    assert len(mistakes({})) == len(SPACE)


@given(
    depth=st.integers(3, 6),
    rate=st.floats(0.02, 0.15),
    leaves=st.integers(7, 63),
)
def test_values_go_into_a_booster_and_come_out_again(depth, rate, leaves):
    values = {**GOOD, "max_depth": depth, "learning_rate": rate, "num_leaves": leaves}
    base = BoosterParams(seed=7, threads=1, rounds=9, rising=("a",))
    found = with_values(base, values)
    assert values_of(found) == values
    assert (found.seed, found.threads, found.rounds, found.rising) == (7, 1, 9, ("a",))
    assert values_of(base) == GOOD
