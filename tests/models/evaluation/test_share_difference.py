"""Two shares: where their difference lies, and how many people it takes to see one."""

from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from perdura.models.evaluation.share_difference import Share, difference, sample_sizes


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_lies_where_newcombe_says_in_table_2_of_1998(one, other, low, high):
    lies = difference(Share(*one), Share(*other))
    assert (round(lies.low, 4), round(lies.high, 4)) == (low, high)


SHARES = st.integers(1, 400).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


def searched(share: Share, edge: float) -> float:
    """The share nearest to ``edge`` from which what was seen is no further than usual."""
    near, far = share.value, edge
    for _ in range(60):
        middle = (near + far) / 2
        usual = 1.959963984540054 * sqrt(middle * (1 - middle) / share.total)
        near, far = (middle, far) if abs(share.value - middle) <= usual else (near, middle)
    return near


@given(one=SHARES, other=SHARES)
def test_a_difference_is_as_by_searching_for_the_ends_of_both_shares(one, other):
    ends = [(searched(share, 0), searched(share, 1)) for share in (one, other)]
    apart = one.value - other.value
    low = apart - sqrt((one.value - ends[0][0]) ** 2 + (ends[1][1] - other.value) ** 2)
    high = apart + sqrt((ends[0][1] - one.value) ** 2 + (other.value - ends[1][0]) ** 2)
    lies = difference(one, other)
    assert (lies.low, lies.high) == pytest.approx((low, high), abs=1e-6)
    assert -1 <= lies.low <= apart <= lies.high <= 1


@given(one=SHARES, other=SHARES)
def test_who_is_compared_with_whom_only_turns_the_sign(one, other):
    there, back = difference(one, other), difference(other, one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [(0.95, 0.85, 1), (0.95, 0.8, 4), (0.7, 0.85, 0.5)]
)
def test_with_so_many_people_four_of_five_trials_see_the_difference(one, other, ratio):
    many, others = sample_sizes(one, other, ratio)
    assert many / others == pytest.approx(ratio, rel=0.02)
    assert seen(one, other, many, others) == pytest.approx(0.8, abs=0.03)


def seen(one: float, other: float, many: int, others: int) -> float:
    """How often the difference is clear of nothing: every pair of counts that may be, added up."""

    def chances(share: float, people: int) -> list[tuple[int, float]]:
        told = [
            (k, comb(people, k) * share**k * (1 - share) ** (people - k)) for k in range(people)
        ]
        return [(k, chance) for k, chance in told if chance > 1e-7]

    return sum(
        here * there
        for a, here in chances(one, many)
        for b, there in chances(other, others)
        if (lies := difference(Share(a, many), Share(b, others))).low > 0 or lies.high < 0
    )


def test_a_smaller_difference_takes_many_more_people():
    assert sample_sizes(0.92, 0.90, 1)[0] > 3.5 * sample_sizes(0.94, 0.90, 1)[0]


# One share and its interval, beside SciPy's; sample sizes by hand and by their symmetries.

MANY_SHARES = st.integers(1, 10**6).flatmap(
    lambda total: st.builds(Share, st.integers(0, total), st.just(total))
)


@given(share=MANY_SHARES)
def test_the_interval_of_a_share_is_wilsons(share):
    expected = binomtest(share.count, share.total).proportion_ci(0.95, method="wilson")
    assert (share.interval.low, share.interval.high) == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )
    assert 0 <= share.interval.low <= share.value + 1e-12
    assert share.value - 1e-12 <= share.interval.high <= 1


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (0, 10**6), (10**6, 10**6)])
def test_where_none_or_all_did_the_interval_still_has_a_width(count, total):
    lies = Share(count, total).interval
    assert 0 <= lies.low < lies.high <= 1


@given(share=MANY_SHARES)
def test_the_same_share_twice_differs_by_nothing(share):
    lies = difference(share, share)
    assert lies.low == pytest.approx(-lies.high)
    assert lies.low <= 0 <= lies.high


@pytest.mark.parametrize(
    ("one", "other", "ratio", "expected"),
    [
        # Fleiss, Levin and Paik, without correction: (z_a sqrt(2 p q) + z_b sqrt(...)) ^ 2 / d^2.
        (0.5, 0.25, 1, (58, 58)),
        (0.6, 0.4, 1, (97, 97)),
        (0.9, 0.8, 1, (199, 199)),
    ],
)
def test_sample_sizes_by_hand(one, other, ratio, expected):
    assert sample_sizes(one, other, ratio) == expected


@given(
    one=st.floats(0.05, 0.95),
    apart=st.sampled_from([-0.04, 0.02, 0.04]),
    ratio=st.sampled_from([0.25, 1.0, 4.0]),
)
def test_it_takes_as_many_whichever_sample_is_called_the_first(one, apart, ratio):
    other = one + apart
    here, there = sample_sizes(one, other, ratio), sample_sizes(other, one, 1 / ratio)
    assert here == pytest.approx(there[::-1], abs=1)
    # Retention and churn are one question.
    assert here == pytest.approx(sample_sizes(1 - one, 1 - other, ratio), abs=1)


@given(one=st.floats(0.1, 0.9), ratio=st.floats(0.1, 10))
def test_equal_samples_are_the_fewest_in_all(one, ratio):
    equal, unequal = (sum(sample_sizes(one, one + 0.05, r)) for r in (1.0, ratio))
    assert equal <= unequal * 1.02 + 2
