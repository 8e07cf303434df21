"""What subscribers are worth: by hand, in one currency, and within which bounds."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.scoring.exchange import Exchange, turned
from perdura.models.scoring.lifetime_value import AMOUNTS, STAYING, Valuation, worth_of

PLAIN = Valuation(margin=1.0, discount=0.0, months=12)


def worth(
    *stays: float, mrr: int | None = 1_000, currency: str | None = "EUR", by: Valuation = PLAIN
):
    """Of somebody who stays each month with these chances, the last one again and again."""
    kept = [*stays, *[stays[-1]] * (12 - len(stays))]
    curve = np.cumprod([kept], axis=1)
    told = worth_of(curve, pl.Series([mrr]), pl.Series([currency], dtype=pl.String), by)
    return told.row(0, named=True)


def test_who_surely_stays_is_worth_every_month():
    told = worth(1.0)
    assert told["cltv"] == told["cltv_low"] == told["cltv_high"] == 12_000
    assert told["lifetime_months"] == 12
    assert told["expected_lifetime_loss"] == 0


def test_a_month_counts_by_who_is_there_in_its_middle():
    # There at the ends of the months: 0.5, 0.25, ... ; in the middles: 0.75, 0.375, ...
    assert worth(0.5)["lifetime_months"] == pytest.approx(1.5, abs=1e-3)
    assert worth(0.5)["cltv"] == 1_500


def test_the_survival_is_told_at_three_months_six_and_twelve():
    told = worth(0.9)
    assert [told[f"survival_{month}m"] for month in (3, 6, 12)] == pytest.approx(
        [0.9**3, 0.9**6, 0.9**12]
    )


def test_after_the_curve_the_last_half_years_hazard_goes_on():
    long = Valuation(margin=1.0, discount=0.0, months=400)
    assert worth(0.9, by=long)["lifetime_months"] == pytest.approx(1 / 0.1 - 0.5)


def test_a_month_of_the_curve_may_be_shorter_than_one_that_is_paid_for():
    curve, mrr, currency = np.full((1, 12), 1.0), pl.Series([1_000]), pl.Series(["EUR"])
    told = worth_of(curve, mrr, currency, PLAIN, month_days=30.4375 / 2).row(0, named=True)
    assert (told["cltv"], told["lifetime_months"]) == (12_000, 12)
    half = worth_of(curve * 0.5, mrr, currency, PLAIN, month_days=30.4375 / 2).row(0, named=True)
    assert half["cltv"] == 24 * 250 + 125  # half are there, but for the first half of a month


def test_only_the_margin_counts_and_later_money_less():
    by = Valuation(margin=0.5, discount=0.21, months=12)
    monthly = 1.21 ** (-1 / 12)
    assert worth(1.0, by=by)["cltv"] == round(500 * sum(monthly ** (k + 0.5) for k in range(12)))


def test_what_is_at_stake_is_the_risk_times_the_residual_value():
    told = worth(0.8, 1.0)
    # Leavers have paid for half of the first month; the year of those who stay is 12,000.
    assert told["expected_lifetime_loss"] == 0.2 * 11_500
    assert told["cltv"] + told["expected_lifetime_loss"] == 12_000


def test_the_bounds_are_those_of_the_times_of_leaving():
    told = worth(0.9)
    assert told["cltv_low"] == 1_000  # a tenth has left after a month
    assert told["cltv_high"] == 12_000  # more than a tenth are there after a year
    assert worth(0.5)["cltv_high"] == pytest.approx(1_000 * (3 + (0.125 - 0.1) / 0.0625), abs=1)


@given(st.lists(st.floats(0.2, 1), min_size=12, max_size=12), st.integers(0, 100_000))
def test_eighty_of_a_hundred_such_people_lie_within_the_bounds(stays: list[float], mrr: int):
    by = Valuation(margin=0.8, discount=0.1, months=36)
    told = worth(*stays, mrr=mrr, by=by)
    assert 0 <= told["cltv_low"] <= told["cltv_high"]
    assert told["cltv"] <= mrr * 0.8 * 36
    assert 0 <= told["expected_lifetime_loss"] <= mrr * 0.8 * 36


@given(
    st.lists(st.floats(0.01, 1), min_size=12, max_size=12),
    st.integers(0, 100_000),
    st.sampled_from([15.0, 30.4375, 60.0]),
)
def test_what_is_at_stake_never_exceeds_the_value_of_who_stays(
    stays: list[float], mrr: int, days: float
):
    """One definition: expected now and at stake add up to the value of who stays a month."""
    by = Valuation(margin=0.8, discount=0.1, months=36)
    paid, euros = pl.Series([mrr]), pl.Series(["EUR"])
    found = worth_of(np.cumprod([stays], axis=1), paid, euros, by, days).row(0, named=True)
    lower_bound = np.cumprod([[1.0, *stays[1:]]], axis=1)
    whole = worth_of(lower_bound, paid, euros, by, days).row(0, named=True)
    assert found["cltv"] + found["expected_lifetime_loss"] == pytest.approx(whole["cltv"], abs=1)
    assert 0 <= found["expected_lifetime_loss"] <= whole["cltv"]
    assert found["expected_lifetime_loss"] <= (1 - stays[0]) * whole["cltv"] + 1


def test_whose_price_is_unknown_has_no_worth_but_a_curve():
    told = worth(0.9, mrr=None)
    assert [told[name] for name in AMOUNTS] == [None] * 4
    assert told["survival_3m"] == pytest.approx(0.729)


IN_EUROS = Exchange("EUR", {"JPY": 0.006, "KWD": 3.0, "USD": 0.9})


@pytest.mark.parametrize(
    ("amount", "currency", "euro_cents"),
    [
        (1_000, "EUR", 1_000.0),
        (1_000, "USD", 900.0),
        (1_000, "JPY", 600.0),  # 1,000 yen, which have no cents, are 6 euros
        (1_000, "KWD", 300.0),  # 1 dinar of 1,000 fils is 3 euros
        (1_000, "XYZ", None),
        (None, "USD", None),
        (1_000, None, None),
    ],
)
def test_amounts_are_turned_by_their_minor_units(amount, currency, euro_cents):
    told, _ = turned(pl.Series([amount]), pl.Series([currency], dtype=pl.String), IN_EUROS)
    assert told.to_list() == pytest.approx([euro_cents])


def test_everybodys_worth_is_in_the_reporting_currency_or_unknown():
    by = Valuation(margin=1.0, discount=0.0, months=12, exchange=IN_EUROS)
    told = worth(1.0, currency="USD", by=by)
    assert (told["cltv"], told["value_currency"]) == (10_800, "EUR")
    unknown = worth(1.0, currency="XYZ", by=by)
    assert (unknown["cltv"], unknown["value_currency"]) == (None, None)


def test_without_exchange_each_keeps_their_own():
    assert worth(1.0, currency="JPY")["value_currency"] == "JPY"


def slowly(curve, mrr, by: Valuation, month_days: float = 30.4375):
    """The value of one subscriber, month by month: lifetime, cltv, low, high, at stake."""
    length = month_days / 30.4375
    months = round(by.months / length)
    there = [1.0, *curve]
    kept = (curve[-1] / curve[-7]) ** (1 / 6)
    while len(there) <= months:
        there.append(there[-1] * kept)
    factor = (1 + by.discount) ** (-1 / 12)
    lifetime = cltv = later = 0.0
    for month in range(months):
        middle = (there[month] + there[month + 1]) / 2 * length
        value = middle * factor ** ((month + 0.5) * length)
        lifetime += middle
        cltv += value
        later += value if month else 0.0
    residual = factor ** (length / 2) * length / 2 + later / there[1]

    def until(share):
        for month in range(months):
            if there[month + 1] <= share:
                return month + (there[month] - share) / (there[month] - there[month + 1])
        return months

    def annuity(length_in_months):
        force = -np.log(factor)
        return (1 - np.exp(-force * length_in_months)) / force if force else length_in_months

    ends = [annuity(until(share) * length) for share in (0.9, 0.1)]
    earns = mrr * by.margin
    return [lifetime, *(earns * value for value in (cltv, *ends, (1 - there[1]) * residual))]


@given(
    st.lists(st.floats(0.3, 0.99), min_size=12, max_size=12),
    st.integers(0, 90_000),
    st.builds(
        Valuation,
        margin=st.floats(0, 1),
        discount=st.sampled_from([0.0, 0.08, 0.5]),
        months=st.sampled_from([3, 12, 13, 36]),
    ),
    st.sampled_from([15.0, 30.4375, 61.0]),
)
def test_a_value_is_what_a_loop_over_the_months_adds_up(stays, mrr, by, days):
    curve = np.cumprod([stays], axis=1)
    found = worth_of(curve, pl.Series([mrr]), pl.Series(["EUR"]), by, days).row(0, named=True)
    lifetime, *amounts = slowly(curve[0].tolist(), mrr, by, days)
    assert found["lifetime_months"] == pytest.approx(lifetime)
    assert [found[name] for name in AMOUNTS] == pytest.approx(amounts, abs=0.51, rel=1e-9)


def test_amounts_are_rounded_half_to_even():
    by = Valuation(margin=0.5, discount=0.0, months=1)
    found = [worth(1.0, mrr=mrr, by=by)["cltv"] for mrr in (1, 3, 5, 7)]
    assert found == [0, 2, 2, 4]


def test_no_subscribers_have_no_value():
    none = pl.Series([], dtype=pl.Int64)
    found = worth_of(np.ones((0, 12)), none, pl.Series([], dtype=pl.String), PLAIN)
    assert found.height == 0
    assert {*STAYING, *AMOUNTS, "value_currency"} == {*found.columns}


@pytest.mark.parametrize(
    ("currency", "factors"),
    [
        ("EUR", {"JPY": 0.6, "KWD": 0.3, "USD": 0.9, "EUR": 1.0}),
        ("JPY", {"JPY": 1.0, "KWD": 0.003, "USD": 0.009, "EUR": 0.01}),
    ],
)
def test_factors_are_of_minor_units(currency, factors):
    rates = {"JPY": 0.006, "KWD": 3.0, "USD": 0.9} if currency == "EUR" else {
        "KWD": 3.0, "USD": 0.9, "EUR": 1.0
    }  # fmt: skip
    assert Exchange(currency, rates).factors == pytest.approx(factors)
