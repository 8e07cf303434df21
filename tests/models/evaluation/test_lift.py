"""Lift at capacity: more leavers among those support can call, and not by luck."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.models.evaluation import lift
from perdura.models.evaluation.bootstrap import map_resamples
from perdura.models.evaluation.calibration_bound import CalibrationBound, calibration_bound
from perdura.models.evaluation.metrics import calibration_bins, called
from tests.models.promotion.test_decision import decide, evaluated
from tests.support.evaluated_rows import rows_to_evaluate, table_of

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def lift_lower_bound(rows: pl.DataFrame, calls: int) -> float:
    """Where some would not be called."""
    found = lift.lift_lower_bound(rows, calls)
    assert found is not None
    return found


def dated(rows: pl.DataFrame) -> pl.DataFrame:
    """The judged rows, each person's first at one date and second at another."""
    place = pl.int_range(pl.len()).over("subscriber_id")
    return rows.with_columns(as_of=pl.lit(JUNE) + pl.duration(days=30 * place))


def test_a_model_that_ranks_well_has_lift_for_sure():
    assert lift_lower_bound(dated(evaluated()), calls=60) > 2


def test_a_model_that_knows_nothing_seldom_seems_to_have_any():
    rows = dated(evaluated(signal=0.0))
    lucky = [
        lift_lower_bound(
            rows.with_columns(risk=pl.Series(np.random.default_rng(seed).random(1200))), calls=60
        )
        > 1
        for seed in range(60)
    ]
    assert sum(lucky) <= 6


def test_of_few_leavers_a_lift_may_be_luck():
    rows = dated(evaluated(people=20))
    assert lift_lower_bound(rows, calls=4) < lift_lower_bound(
        dated(evaluated(people=2000)), calls=400
    )


def test_where_all_can_be_called_no_lift_is_asked_for():
    assert lift.lift_lower_bound(dated(evaluated(people=50)), calls=50) is None
    assert decide(dated(evaluated()), calls=600).promoted


def test_accounts_of_one_person_tell_no_more_than_one():
    once = dated(evaluated(people=300)).with_columns(owner="subscriber_id")
    accounts = [
        once.with_columns(subscriber_id=pl.col("owner") + f" account {k}") for k in range(8)
    ]
    of_one = lift_lower_bound(once, calls=30)
    assert lift_lower_bound(pl.concat(accounts), calls=240) == pytest.approx(of_one, rel=0.1)


def test_a_model_that_ranks_all_but_those_support_can_call_is_refused():
    rows = dated(evaluated())
    # Of the 60 riskiest of each date none leaves; below them it ranks as well as before.
    riskiest = pl.col("risk").rank("ordinal", descending=True).over("as_of") <= 60
    upside_down = rows.with_columns(churned=pl.col("churned") & ~riskiest)
    decided = decide(upside_down, calls=60)
    assert not decided.promoted
    assert "no clear lift among the 60 riskiest of each date" in " ".join(decided.reasons)
    assert decided.measured["lift_surely"] == 0
    assert "no lift" not in " ".join(decide(upside_down, calls=None).reasons)


def test_a_model_with_lift_is_promoted():
    decided = decide(dated(evaluated()), calls=60)
    assert decided.promoted
    assert decided.measured["lift_surely"] > 2


# The lower bound of the lift, and the bound of a calibration error, beside slow draws.


def slow_lift(rows: list[dict[str, Any]], times: dict[str, int]) -> float:
    """The churn rate among the called over that of all, each row as often as drawn."""
    drawn = [row for row in rows for _ in range(times[row["subscriber_id"]])]
    phoned = [row for row in drawn if row["phoned"]]
    left = sum(bool(row["churned"]) for row in drawn)
    if not left or not phoned:
        return 0.0
    caught = sum(bool(row["churned"]) for row in phoned)
    return caught / len(phoned) / (left / len(drawn))


@settings(max_examples=12)
@given(rows=rows_to_evaluate(least=2), calls=st.integers(1, 3), seed=st.integers(0, 2))
def test_ninety_five_of_a_hundred_resamples_reach_the_lower_bound(rows, calls, seed):
    marked = rows.with_columns(phoned=called("risk", calls)).to_dicts()
    found = lift.lift_lower_bound(rows, calls, seed)
    if all(row["phoned"] for row in marked):
        assert found is None
        return
    people = sorted(set(rows["subscriber_id"]))

    def of_drawn(drawn: np.ndarray) -> float:
        return slow_lift(marked, dict(zip(people, map(int, drawn), strict=True)))

    lifts = sorted(map_resamples(len(people), seed, of_drawn))
    assert found == pytest.approx(np.quantile(lifts, 0.05))


def test_where_one_date_is_beyond_capacity_there_is_a_lift_to_measure():
    rows = table_of([0.9, 0.8, 0.1], [1, 0, 0])
    assert lift.lift_lower_bound(rows, 3) is None
    assert lift.lift_lower_bound(rows, 99) is None
    assert lift.lift_lower_bound(rows, 2) is not None


def test_without_churners_the_lift_is_nothing_and_no_error():
    assert lift.lift_lower_bound(table_of([0.9, 0.1], [0, 0]), 1) == 0.0


@given(rows=rows_to_evaluate())
def test_the_bound_of_chance_is_the_error_of_right_risks_in_one_of_twenty_draws(rows):
    found = calibration_bound(rows, tolerance=0.25, most=0.05, seed=4)
    bins = calibration_bins(rows)
    count, risk = bins["rows"].to_numpy(), bins["risk"].to_numpy()
    drawn = np.random.default_rng(4).binomial(count, risk, (2_000, len(count)))
    errors = [
        sum(abs(left - n * p) for left, n, p in zip(line, count, risk, strict=True)) / sum(count)
        for line in drawn
    ]
    assert found.chance == pytest.approx(np.quantile(errors, 0.95))
    assert (found.rows, found.leavers) == (rows.height, rows["churned"].sum())


@pytest.mark.parametrize(
    ("left", "of", "tolerance", "expected"),
    [
        (1, 10, 0.25, 0.025),  # a quarter of the churn rate
        (9, 10, 0.25, 0.025),  # a quarter of the retention rate, which is less
        (5, 10, 0.25, 0.05),  # never above the limit
        (2, 10, 0.25, 0.05),  # 0.05 just so
        (0, 10, 0.25, 0.0),
        (10, 10, 0.25, 0.0),
    ],
)
def test_the_tolerance_is_a_share_of_the_rarer_outcome_up_to_a_limit(left, of, tolerance, expected):
    rows = table_of([0.3] * of, [1] * left + [0] * (of - left))
    found = calibration_bound(rows, tolerance=tolerance, most=0.05)
    assert found.tolerance == pytest.approx(expected)
    assert found.highest == found.chance + found.tolerance


def test_risks_slightly_outside_zero_and_one_are_drawn_as_certain():
    rows = table_of([-1e-9, 1 + 1e-9], [0, 1])
    assert calibration_bound(rows, tolerance=0, most=0).chance == 0.0


def test_the_highest_error_is_chance_and_tolerance_together():
    assert CalibrationBound(chance=0.02, tolerance=0.01, rows=9, leavers=1).highest == 0.03


def test_the_bound_is_the_same_twice_and_moves_with_the_seed_a_little():
    rows = table_of([0.1] * 200, [1] * 20 + [0] * 180).with_columns(
        risk=pl.Series(np.linspace(0.05, 0.15, 200))
    )
    one, same, other = (
        calibration_bound(rows, tolerance=0.25, most=0.05, seed=seed).chance for seed in (0, 0, 1)
    )
    assert one == same
    assert one == pytest.approx(other, rel=0.1)
