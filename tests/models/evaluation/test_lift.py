"""Lift at capacity: more leavers among those support can call, and not by luck."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation import lift
from tests.models.promotion.test_decision import decide, evaluated

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
