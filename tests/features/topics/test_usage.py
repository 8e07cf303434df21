"""Usage features, each on a few uses and an answer reckoned by hand."""

import pytest

from perdura.features.topics.usage import SINCE_USED, USAGE_FEATURES, USED
from tests.support.measured import after, as_it_becomes_known, at_window_ends, row


def test_a_use_counts_from_just_after_it_until_its_window_has_passed():
    assert at_window_ends(USED, row("used", quantity=2.5)) == {
        f"usage_{days}d": [0, 2.5, 2.5, 0] for days in (7, 30, 90)
    }
    assert as_it_becomes_known(USED, row("used", quantity=2.5)) == [0, 2.5]


def test_uses_of_any_kind_are_added_up_exactly_to_a_millionth():
    uses = [row(kind, -1, quantity=quantity) for kind, quantity in [("a", 0.1), ("ü", 0.2)]]
    uses += [row("a", -2, quantity=0.000_000_4)]  # less than half a millionth
    assert after(USAGE_FEATURES, 0, usage=uses)["usage_7d"] == 0.3


def test_a_use_without_a_quantity_is_no_quantity_but_a_day_of_use():
    assert after(USAGE_FEATURES, 2, usage=[row("used")]) == {
        "usage_7d": 0,
        "usage_30d": 0,
        "usage_90d": 0,
        "days_since_used": 2,
        "usage_trend": None,
    }


def test_days_since_are_those_since_the_last_use():
    uses = [row("used", 4, quantity=1), row("used", 0, quantity=1), row("used", 5, known=7)]
    assert after([SINCE_USED], 0, usage=uses) == {"days_since_used": None}
    assert after([SINCE_USED], 6, usage=uses) == {"days_since_used": 2}
    assert after([SINCE_USED], 8, usage=uses) == {"days_since_used": 3}


@pytest.mark.parametrize(
    ("uses", "trend"),
    [
        ({1: 10, 40: 10, 70: 10}, 1),
        ({40: 1}, 0),
        ({1: 0.5}, 3),
        ({30: 1, 90: 1}, 1.5),
        ({91: 1}, None),
        ({1: 0}, None),
    ],
)
def test_the_trend_is_the_last_30_days_beside_a_third_of_the_90(uses, trend):
    rows = [row("used", -day, quantity=quantity) for day, quantity in uses.items()]
    assert after(USAGE_FEATURES, 0, usage=rows)["usage_trend"] == trend
