"""Later months, predicted and observed: by month and by group, on a handful of person-months."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from perdura.models.evaluation.survival_metrics import (
    FEWEST_PEOPLE,
    HIGH_FROM,
    MEDIUM_FROM,
    by_band_and_plan,
    by_month,
)
from perdura.models.predictor.survival import MONTHS
from perdura.models.scoring.lifetime_value import Valuation
from tests.support.evaluated_rows import AS_OF

MEASURES = ["survival_3m", "survival_6m", "survival_12m", "cltv_12m"]


def later_of(
    people: int = 60,
    months: int = MONTHS - 1,
    *,
    risk: float = 0.3,
    said: float = 0.2,
    leave_every: int = 5,
    plan: str | None = "pro",
    prefix: str = "p",
) -> pl.DataFrame:
    """Each person in every later month; one of ``leave_every`` leaves in each."""
    band = "high" if risk >= HIGH_FROM else "medium" if risk >= MEDIUM_FROM else "low"
    lines = [
        (f"{prefix}{k}", AS_OF, month, k % leave_every == 0, said, risk, band, plan, 100, "EUR")
        for k in range(people)
        for month in range(1, months + 1)
    ]
    names = ["owner", "as_of", "month", "left", "said", "risk", "band", "plan", "mrr", "currency"]
    return pl.DataFrame(lines, schema=names, orient="row")


def first_month(
    people: int = 60, *, risk: float = 0.3, plan: str | None = "pro", prefix: str = "p"
) -> pl.DataFrame:
    """The test rows: one of four leaves in the first month."""
    return pl.DataFrame(
        {
            "owner": [f"{prefix}{k}" for k in range(people)],
            "as_of": [AS_OF] * people,
            "churned": [k % 4 == 0 for k in range(people)],
            "risk": [risk] * people,
            "plan": pl.Series([plan] * people, dtype=pl.String),
            "mrr": [100] * people,
            "currency": ["EUR"] * people,
        }
    )


def test_each_month_has_its_rate_and_wilsons_interval():
    later = later_of(people=10, months=2, said=0.25)
    found = by_month(later.sample(fraction=1, shuffle=True, seed=1))
    assert found.columns == ["month", "rows", "said", "rate", "low", "high"]
    assert found.select("month", "rows", "said", "rate").rows() == [
        (1, 10, 0.25, 0.2),
        (2, 10, 0.25, 0.2),
    ]
    expected = binomtest(2, 10).proportion_ci(method="wilson")
    assert found.select("low", "high").row(0) == pytest.approx((expected.low, expected.high))


def test_where_no_one_left_in_a_month_its_rate_is_zero_and_may_be_more():
    found = by_month(later_of(people=5, months=1).with_columns(left=pl.lit(value=False)))
    assert found["rate"].to_list() == [0.0]
    assert found["low"][0] == pytest.approx(0.0, abs=1e-12)
    assert found["high"][0] > 0.3


def test_survival_and_worth_of_all_by_hand():
    found = by_band_and_plan(later_of(), first_month())
    everyone = found.filter(group="all")
    assert everyone["measure"].to_list() == MEASURES
    assert everyone["people"].to_list() == [60] * 4
    # A quarter leaves in the first month, a fifth in each later one; 0.3 and 0.2 were predicted.
    came = np.cumprod([0.75] + [0.8] * 11)
    said = np.cumprod([0.7] + [0.8] * 11)
    by_name = {line["measure"]: line for line in everyone.to_dicts()}
    for months in (3, 6, 12):
        line = by_name[f"survival_{months}m"]
        assert (line["said"], line["came"]) == pytest.approx((said[months - 1], came[months - 1]))
        assert line["ratio"] == pytest.approx(said[months - 1] / came[months - 1])
        assert line["low"] < line["came"] < line["high"]
    discounts = Valuation().monthly ** (np.arange(12) + 0.5)
    worth = [((np.concatenate([[1.0], c[:-1]]) + c) / 2) @ discounts for c in (said, came)]
    line = by_name["cltv_12m"]
    assert (line["said"], line["came"]) == pytest.approx(tuple(worth))


@pytest.mark.parametrize(
    ("risk", "band"), [(0.0999, "low"), (0.10, "medium"), (0.2499, "medium"), (0.25, "high")]
)
def test_a_band_begins_where_the_risk_table_begins_it(risk, band):
    found = by_band_and_plan(later_of(risk=risk), first_month(risk=risk))
    assert found.filter(group="band")["value"].unique().to_list() == [band]


def test_bands_come_from_the_highest_and_plans_by_name():
    later = pl.concat(
        [later_of(risk=0.05, plan="b", prefix="x"), later_of(risk=0.5, plan="a", prefix="y")]
    )
    first = pl.concat(
        [first_month(risk=0.05, plan="b", prefix="x"), first_month(risk=0.5, plan="a", prefix="y")]
    )
    found = by_band_and_plan(later, first)
    groups = found.select("group", "value").unique(maintain_order=True).rows()
    assert groups == [
        ("all", "all"),
        ("band", "high"),
        ("band", "low"),
        ("plan", "a"),
        ("plan", "b"),
    ]


@pytest.mark.parametrize(("people", "shown"), [(FEWEST_PEOPLE - 1, False), (FEWEST_PEOPLE, True)])
def test_a_group_of_few_people_is_left_out(people, shown):
    found = by_band_and_plan(later_of(people), first_month(people))
    assert bool(found.height) is shown


def test_a_measure_that_reaches_an_unknown_month_is_left_out():
    found = by_band_and_plan(later_of(months=6), first_month()).filter(group="all")
    assert found["measure"].to_list() == ["survival_3m", "survival_6m"]


def test_subscribers_without_a_plan_are_in_no_plan():
    found = by_band_and_plan(later_of(plan=None), first_month(plan=None))
    assert found["group"].unique().sort().to_list() == ["all", "band"]


def test_columns_that_a_source_lacks_are_unknown_and_money_is_not_added():
    bare = ["plan", "mrr", "currency"]
    found = by_band_and_plan(later_of().drop(bare), first_month().drop(bare))
    # Without money there is no worth; survival counts people.
    assert found.filter(group="all")["measure"].to_list() == MEASURES[:3]


def test_worth_is_weighted_by_what_is_paid_in_the_common_currency():
    later = later_of().with_columns(
        mrr=pl.when(pl.col("left")).then(10_000).otherwise(100),
        currency=pl.when(pl.col("left")).then(pl.lit("JPY")).otherwise(pl.lit("EUR")),
    )
    euros = by_band_and_plan(later, first_month()).filter(group="all", measure="cltv_12m")
    # The yen of those who left count nothing: in euros no one left in a later month.
    first, rest = 0.75, 1.0
    discounts = Valuation().monthly ** (np.arange(12) + 0.5)
    curve = np.concatenate([[first], np.full(11, first * rest)])
    worth = ((np.concatenate([[1.0], curve[:-1]]) + curve) / 2) @ discounts
    assert euros["came"][0] == pytest.approx(worth)


def test_a_person_at_two_dates_counts_as_one():
    again = later_of(FEWEST_PEOPLE - 1).with_columns(pl.col("as_of") + timedelta(days=30))
    both = pl.concat([later_of(FEWEST_PEOPLE - 1), again])
    assert by_band_and_plan(both, first_month(FEWEST_PEOPLE - 1)).is_empty()
