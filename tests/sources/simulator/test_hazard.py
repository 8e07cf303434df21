"""The stated chances: between nought and one, larger with each trouble, and the cause is named."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.simulator.expansion import considers, expansion
from perdura.sources.simulator.hazard import (
    SIGNALS,
    UNDONE_BY_CHOICE,
    UNDONE_BY_PAYMENT,
    Hazard,
    hazard,
)
from perdura.sources.simulator.signs import SimulatedSigns
from perdura.sources.simulator.vectors import Month

COUNTS = [
    one.name
    for one in fields(SimulatedSigns)
    if one.name not in {"renews", "annual", "plan", "seats", "of_year", "tenure_days"}
]


def signs(**said) -> SimulatedSigns:
    """One person in quiet times, for two years with the firm, but for what is said."""
    quiet = dict.fromkeys(COUNTS, 0.0) | {"tenure_days": 730.0, "plan": 1, "seats": 1}
    values = quiet | {"renews": False, "annual": False} | said
    return SimulatedSigns(
        of_year=int(values.pop("of_year", 3)),
        **{name: np.array([value]) for name, value in values.items()},
    )


def risk(**said) -> float:
    found = hazard(signs(**said))
    return float(1 - found.stays[0])


any_signs = st.fixed_dictionaries(
    {name: st.integers(0, 6).map(float) for name in COUNTS}
    | {
        "tenure_days": st.floats(0, 4000),
        "plan": st.integers(0, 3),
        "seats": st.integers(1, 9),
        "renews": st.booleans(),
        "annual": st.booleans(),
        "of_year": st.integers(0, 11),
    }
)


@given(any_signs)
def test_chances_are_chances_and_add_up(said):
    said["failures_lately"] = min(said["failures_lately"], said["failures"])
    found = hazard(signs(**said))
    for chance in (found.voluntary, found.payment, found.stays):
        assert 0 <= chance[0] <= 1
    left = found.risk_voluntary / (1 - UNDONE_BY_CHOICE) + found.risk_payment / (
        1 - UNDONE_BY_PAYMENT
    )
    assert left[0] == pytest.approx(1 - found.stays[0])
    assert -1 <= found.cause[0] < len(SIGNALS)
    assert 0 <= expansion(signs(**said))[0] <= 0.24


@given(
    said=any_signs,
    trouble=st.sampled_from(
        [
            "unpaid", "taken_back", "open_tickets", "tickets", "low_ratings", "escalations",
            "price_rises", "downgrades", "pauses", "failures", "reply_hours",
        ]
    ),
)  # fmt: skip
def test_more_trouble_is_never_less_risk(said, trouble):
    said["failures_lately"] = 0.0
    worse = said | {trouble: said[trouble] + 1}
    assert risk(**worse) >= risk(**said) - 1e-12


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ({}, None),
        ({"unpaid": 1.0}, "unpaid_invoices"),
        ({"low_ratings": 1.0}, "low_satisfaction"),
        ({"escalations": 1.0}, "escalations"),
        ({"downgrades": 1.0}, "downgrade"),
        ({"pauses": 1.0}, "pause"),
        ({"price_rises": 1.0}, "price_rise"),
        ({"taken_back": 1.0}, "refunds_disputes"),
        ({"reply_hours": 100.0}, "slow_support"),
        ({"open_tickets": 2.0}, "open_tickets"),
        ({"tickets": 4.0}, "ticket_volume"),
        ({"failures": 3.0}, "payment_failures"),
        ({"renews": True, "annual": True}, "renewal"),
        ({"tenure_days": 10.0}, "tenure"),
        ({"tickets": 1.0}, None),  # one ticket is no trouble
        ({"reply_hours": 6.0}, None),
    ],
)
def test_one_trouble_alone_is_named_as_the_cause(said: dict, cause: str | None):
    found = int(hazard(signs(**said)).cause[0])
    assert (None if found < 0 else SIGNALS[found]) == cause


def test_without_an_open_invoice_payment_ends_practically_none():
    assert hazard(signs(failures=4.0)).payment[0] < 1e-12
    assert hazard(signs(unpaid=1.0)).payment[0] > 0.1


def test_who_leaves_by_payment_cannot_leave_by_choice_as_well():
    both = Hazard(np.array([0.5]), np.array([0.4]), np.array([-1]))
    assert both.stays[0] == pytest.approx(0.3)
    assert both.risk_voluntary[0] == pytest.approx(0.5 * 0.6 * (1 - UNDONE_BY_CHOICE))
    assert both.risk_payment[0] == pytest.approx(0.4 * (1 - UNDONE_BY_PAYMENT))


class TestExpansion:
    @given(number=st.integers(0, 10**6), month=st.integers(0, 1200))
    def test_each_considers_it_every_second_month(self, number, month):
        now, then = (considers(np.array([number]), Month(m))[0] for m in (month, month + 1))
        assert now != then

    def test_from_the_largest_plan_there_is_none(self):
        assert expansion(signs(plan=3))[0] == 0

    @pytest.mark.parametrize("liking", ["how_to_tickets", "high_ratings"])
    def test_liking_it_makes_it_likelier_and_trouble_does_not(self, liking: str):
        calm = expansion(signs())[0]
        assert expansion(signs(**{liking: 1.0}))[0] > calm
        for trouble in ("open_tickets", "low_ratings", "unpaid", "upgrades", "price_rises"):
            assert expansion(signs(**{trouble: 1.0}))[0] < calm

    def test_the_settled_take_more_than_newcomers(self):
        base = signs(tenure_days=100.0)
        new = replace(base, tenure_days=np.array([10.0]))
        old = replace(base, tenure_days=np.array([900.0]))
        assert expansion(base)[0] > expansion(old)[0] > expansion(new)[0]
