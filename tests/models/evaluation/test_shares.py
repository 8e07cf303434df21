"""One share and its interval, beside SciPy's; sample sizes by hand and by their symmetries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from perdura.models.evaluation.share_difference import Share, difference, sample_sizes

SHARES = st.integers(1, 10**6).flatmap(
    lambda total: st.builds(Share, st.integers(0, total), st.just(total))
)


@given(share=SHARES)
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


@given(share=SHARES)
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
