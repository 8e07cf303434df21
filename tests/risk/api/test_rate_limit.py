"""A token may ask as often as its bucket holds, and again as time fills it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.api.rate_limit import RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def limit(per_second: float, burst: int) -> tuple[RateLimit, Clock]:
    clock = Clock()
    return RateLimit(per_second=per_second, burst=burst, clock=clock), clock


def test_a_burst_is_allowed_at_once_and_the_next_waits_for_one_drop():
    limited, clock = limit(per_second=2.0, burst=3)
    assert [limited.wait("t") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now = 0.25
    assert limited.wait("t") == 0.25
    clock.now = 0.5
    assert [limited.wait("t") for _ in range(2)] == [0, 0.5]


def test_a_refused_request_takes_nothing():
    limited, clock = limit(per_second=1.0, burst=1)
    assert limited.wait("t") == 0
    assert [limited.wait("t") for _ in range(100)] == [1.0] * 100
    clock.now = 1.0
    assert limited.wait("t") == 0


def test_the_bucket_never_holds_more_than_a_burst():
    limited, clock = limit(per_second=10.0, burst=2)
    limited.wait("t")
    clock.now = 1e9
    assert [limited.wait("t") for _ in range(3)] == [0, 0, pytest.approx(0.1)]


def test_each_token_has_a_bucket_of_its_own():
    limited, _ = limit(per_second=1.0, burst=1)
    assert [limited.wait(token) for token in ("a", "b", "a", "b")] == [0, 0, 1, 1]


@given(
    steps=st.lists(st.integers(0, 40).map(lambda n: n / 8), max_size=30),
    per_second=st.sampled_from([0.5, 1.0, 4.0]),
    burst=st.integers(1, 5),
)
def test_in_any_time_no_more_are_allowed_than_a_burst_and_what_flows_in(steps, per_second, burst):
    limited, clock = limit(per_second, burst)
    allowed: list[float] = []
    for step in steps:
        clock.now += step
        wait = limited.wait("t")
        if wait == 0:
            allowed.append(clock.now)
        else:  # it says exactly when: not before, and then
            at = clock.now
            clock.now = at + wait * 0.99
            assert limited.wait("t") > 0
            clock.now = at + wait
    for first in range(len(allowed)):
        for last in range(first, len(allowed)):
            most = burst + per_second * (allowed[last] - allowed[first])
            assert last - first + 1 <= most + 1e-9
