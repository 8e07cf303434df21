"""How a risk is judged: by hand on ten rows, and against slower ways of counting."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation.by_group import by_cause, by_group
from perdura.models.evaluation.metrics import (
    calibration_bins,
    calibration_error,
    debiased_error,
    evaluate,
    gain,
)
from perdura.sources.events import MOMENT

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def evaluated(risk: list[float], churned: list[int], **more: list[object]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "subscriber_id": [f"s{place:02}" for place in range(len(risk))],
            "as_of": pl.Series([AS_OF] * len(risk), dtype=MOMENT),
            "risk": risk,
            "churned": [bool(left) for left in churned],
            "mrr": [100] * len(risk),
            "currency": ["EUR"] * len(risk),
        }
    )
    return frame.with_columns(**{name: pl.Series(values) for name, values in more.items()})


def test_ten_rows_judged_by_hand():
    rows = evaluated(
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0], [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    )
    found = evaluate(rows, calls=2)
    assert found.roc_auc == pytest.approx(15 / 16)  # one of sixteen pairs is the wrong way round
    assert found.average_precision == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert found.brier == pytest.approx(
        np.mean([0.01, 0.64, 0.09, 0.36, 0.25, 0.16, 0.09, 0.04, 0.01, 0])
    )
    assert found.recall == 0.5
    assert found.lift == pytest.approx(0.5 / 0.2)


def test_calibration_error_is_the_mean_distance_in_ten_bins_of_equal_count():
    rows = evaluated([0.05] * 10 + [0.30] * 10, [0] * 10 + [1] * 5 + [0] * 5)
    assert calibration_bins(rows)["rows"].to_list() == [2] * 10
    # Five bins said .05 and had none; of the five that said .30 three had 2, 2 and 1 of 2.
    expected = np.mean([0.05] * 5 + [0.7, 0.7, 0.2, 0.3, 0.3])
    assert calibration_error(rows) == pytest.approx(expected)


def test_chance_alone_is_no_calibration_error_once_it_is_taken_off():
    random = np.random.default_rng(0)
    found = []
    for _ in range(200):
        risk = random.uniform(0.02, 0.2, 500)
        found.append(
            evaluate(evaluated(risk.tolist(), (random.random(500) < risk).tolist()), calls=1)
        )
    plain = np.mean([each.calibration_error for each in found])
    assert np.mean([each.calibration_error_debiased for each in found]) < plain / 2


def test_a_true_distance_stays_when_chance_is_taken_off():
    rows, rate = np.full(10, 10_000), np.full(10, 0.10)
    assert debiased_error(rows, rate + 0.05, rate) == pytest.approx(0.05, abs=0.001)
    assert debiased_error(np.ones(3), np.zeros(3), np.ones(3)) == 0


def test_fewer_rows_than_bins_are_bins_of_one():
    assert calibration_error(evaluated([0.2, 0.6], [0, 1])) == pytest.approx((0.2 + 0.4) / 2)


def test_at_equal_risk_the_lower_subscriber_id_is_called():
    rows = evaluated([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 0])
    assert evaluate(rows, calls=1).recall == 0
    assert evaluate(rows, calls=2).recall == 1
    assert evaluate(rows.reverse(), calls=2).recall == 1


def test_calls_are_made_on_every_date():
    today = evaluated([0.9, 0.1], [1, 0])
    next_month = evaluated([0.5, 0.4], [1, 0]).with_columns(pl.col("as_of") + timedelta(days=30))
    assert evaluate(pl.concat([today, next_month]), calls=1).recall == 1


def test_money_of_several_currencies_is_never_added_up():
    rows = evaluated(
        [0.9, 0.8, 0.7, 0.1],
        [1, 1, 1, 0],
        mrr=[100, 900_000, 300, 5],
        currency=["EUR", "JPY", "EUR", "EUR"],
    )
    assert evaluate(rows, calls=2).money_caught == pytest.approx(100 / 400)


def test_without_known_money_none_is_caught_and_nothing_breaks():
    rows = evaluated([0.9, 0.1], [1, 0]).with_columns(
        mrr=pl.lit(None, pl.Int64), currency=pl.lit(None, pl.String)
    )
    assert evaluate(rows, calls=1).money_caught == 0


def test_where_nobody_left_the_ranking_is_worth_a_coin():
    assert evaluate(evaluated([0.2, 0.1], [0, 0]), calls=1).roc_auc == 0.5


def test_gain_goes_from_nobody_called_to_all_leavers_caught():
    curve = gain(evaluated([0.9, 0.8, 0.1, 0.0], [1, 0, 1, 0]))
    at = dict(zip(curve["called"].round(2), curve["caught"], strict=True))
    assert (at[0.0], at[0.25], at[0.5], at[0.75], at[1.0]) == (0, 0.5, 0.5, 1, 1)


def test_each_value_of_a_group_is_judged_by_itself():
    rows = evaluated([0.9, 0.1, 0.2, 0.8], [1, 0, 1, 0], plan=["a", "a", "b", None])
    table = by_group(rows, "plan").select("group", "value", "rows", "churned", "roc_auc")
    assert table.rows() == [
        ("plan", "a", 2, 1, 1.0),
        ("plan", "b", 1, 1, None),
        ("plan", "unknown", 1, 0, None),
    ]


def test_how_far_the_ranking_within_a_group_may_be_luck_is_told():
    random = np.random.default_rng(1)
    risk = random.random(600)
    left = (random.random(600) < risk).tolist()
    rows = evaluated(risk.tolist(), left, plan=[*["large"] * 560, *["small"] * 40])
    told = {row["value"]: row for row in by_group(rows, "plan").to_dicts()}
    assert all(row["low"] < row["roc_auc"] < row["high"] for row in told.values())
    wide = {value: row["high"] - row["low"] for value, row in told.items()}
    assert wide["small"] > 2 * wide["large"]


def test_each_cause_is_judged_by_its_part_of_the_risk_against_those_who_stayed():
    rows = evaluated(
        [0.9, 0.8, 0.1],
        [1, 1, 0],
        cause=["payment", "voluntary", None],
        risk_voluntary=[0.1, 0.7, 0.05],
        risk_payment=[0.02, 0.1, 0.05],
    )
    assert by_cause(rows).select("value", "rows", "roc_auc").rows() == [
        ("voluntary", 2, 1.0),
        ("payment", 2, 0.0),
    ]
