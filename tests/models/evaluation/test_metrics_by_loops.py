"""Every metric beside a slow loop that says what it is, on rows with ties and with one class."""

from collections import Counter
from math import log, sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.evaluation.metrics import (
    BINS,
    Metrics,
    calibration_bins,
    called,
    debiased_error,
    evaluate,
    gain,
    in_common_currency,
    metric_name,
    risk_columns,
    share,
)
from tests.support.evaluated_rows import rows_to_evaluate, slow_auc, table_of

CALLS = st.integers(1, 4)


def by_date(rows: pl.DataFrame) -> list[list[dict[str, Any]]]:
    dates = sorted(set(rows["as_of"]))
    return [[row for row in rows.to_dicts() if row["as_of"] == date] for date in dates]


def phoned(rows: pl.DataFrame, calls: int) -> list[dict[str, Any]]:
    """The riskiest of each date; at equal risk those of the lower id."""
    ranked = (
        sorted(day, key=lambda row: (-row["risk"], row["subscriber_id"])) for day in by_date(rows)
    )
    return [row for day in ranked for row in day[:calls]]


def common_currency(rows: pl.DataFrame) -> str | None:
    counts = Counter(currency for currency in rows["currency"] if currency is not None)
    return min(counts, key=lambda currency: (-counts[currency], currency)) if counts else None


@given(rows=rows_to_evaluate())
def test_the_ranking_is_that_of_all_pairs(rows):
    found = evaluate(rows, calls=1)
    assert found.roc_auc == pytest.approx(
        slow_auc(rows["risk"].to_list(), rows["churned"].to_list())
    )


@given(rows=rows_to_evaluate())
def test_average_precision_adds_the_precision_at_each_risk_by_what_it_finds(rows):
    left = int(rows["churned"].sum())
    found = evaluate(rows, calls=1).average_precision
    if left in {0, rows.height}:
        assert found == left / rows.height
        return
    total, before = 0.0, 0
    for threshold in sorted(set(rows["risk"]), reverse=True):
        above = rows.filter(pl.col("risk") >= threshold)
        caught = int(above["churned"].sum())
        total += (caught - before) / left * caught / above.height
        before = caught
    assert found == pytest.approx(total)


@given(rows=rows_to_evaluate())
def test_losses_are_means_over_rows(rows):
    pairs = list(rows.select("risk", "churned").rows())
    found = evaluate(rows, calls=1)
    brier = sum((risk - left) ** 2 for risk, left in pairs) / len(pairs)
    nats = -sum(log(risk if left else 1 - risk) for risk, left in pairs) / len(pairs)
    assert found.brier == pytest.approx(brier)
    assert found.log_loss == pytest.approx(nats)


@given(rows=rows_to_evaluate(), calls=CALLS)
def test_lift_recall_and_money_are_those_of_the_called_of_each_date(rows, calls):
    found = evaluate(rows, calls=calls)
    chosen = phoned(rows, calls)
    caught = sum(bool(row["churned"]) for row in chosen)
    left = int(rows["churned"].sum())
    assert found.recall == pytest.approx(caught / left if left else 0)
    rate = left / rows.height
    assert found.lift == pytest.approx(caught / len(chosen) / rate if rate else 0)
    currency = common_currency(rows)

    def lost(part: list[dict[str, Any]]) -> int:
        return sum(
            row["mrr"] or 0 for row in part if row["churned"] and row["currency"] == currency
        )

    whole = lost(rows.to_dicts())
    assert found.money_caught == pytest.approx(lost(chosen) / whole if whole else 0)


@given(rows=rows_to_evaluate(least=1, most=30))
def test_bins_are_equal_parts_of_the_rows_by_risk(rows):
    ordered = sorted(
        rows.to_dicts(), key=lambda row: (row["risk"], row["subscriber_id"], row["as_of"])
    )
    bins: dict[int, list[dict[str, Any]]] = {}
    for index, row in enumerate(ordered):
        bins.setdefault(index * BINS // len(ordered), []).append(row)
    expected = [
        (
            len(part),
            np.mean([row["risk"] for row in part]),
            np.mean([row["churned"] for row in part]),
        )
        for _, part in sorted(bins.items())
    ]
    found = calibration_bins(rows).rows()
    assert [count for count, _, _ in found] == [count for count, _, _ in expected]
    assert np.array(found) == pytest.approx(np.array(expected))
    sizes = [count for count, _, _ in found]
    assert max(sizes) - min(sizes) <= 1
    error = sum(count * abs(risk - rate) for count, risk, rate in expected) / len(ordered)
    assert evaluate(rows, calls=1).calibration_error == pytest.approx(error)


@given(rows=rows_to_evaluate(), seed=st.integers(0, 9))
def test_no_metric_depends_on_the_order_of_the_rows(rows, seed):
    shuffled = rows.sample(fraction=1, shuffle=True, seed=seed)
    one, other = evaluate(rows, calls=2).values, evaluate(shuffled, calls=2).values
    assert one == pytest.approx(other)


@given(rows=rows_to_evaluate(), calls=CALLS)
def test_no_date_has_more_calls_than_support_can_make(rows, calls):
    counts = rows.group_by("as_of").agg(called("risk", calls).sum(), rows=pl.len())
    for _, phoned_rows, height in counts.rows():
        assert phoned_rows == min(calls, height)


def test_the_debiased_error_by_hand():
    # Two bins of 5 rows: 0.04 - 0.2 * 0.8 / 4 = 0; 0.16 - 0.4 * 0.6 / 4 = 0.10.
    rows, risk, rate = np.array([5, 5]), np.array([0.4, 0.0]), np.array([0.2, 0.4])
    assert debiased_error(rows, risk, rate) == pytest.approx(sqrt((0.0 * 5 + 0.10 * 5) / 10))


def test_a_bin_of_one_row_says_nothing_of_the_debiased_error():
    many = debiased_error(np.array([5]), np.array([0.9]), np.array([0.2]))
    with_one = debiased_error(np.array([5, 1]), np.array([0.9, 0.0]), np.array([0.2, 1.0]))
    assert with_one == pytest.approx(many)


def test_an_error_that_chance_explains_is_zero_and_not_imaginary():
    assert debiased_error(np.array([4]), np.array([0.5]), np.array([0.5])) == 0.0


@given(rows=rows_to_evaluate())
def test_the_gain_curve_counts_churners_among_the_riskiest(rows):
    ranked = sorted(rows.to_dicts(), key=lambda row: (-row["risk"], row["subscriber_id"]))
    left = max(1, sum(bool(row["churned"]) for row in ranked))
    curve = gain(rows)
    assert curve.height == 101
    assert curve["caught"].is_sorted()
    for percent in (0, 1, 33, 50, 99, 100):
        share_called, caught = curve.row(percent)
        assert share_called == pytest.approx(percent / 100)
        some = {int(len(ranked) * share_called)}
        # Rows of one subscriber at two dates may stand in either order at equal risk.
        reachable = {sum(bool(row["churned"]) for row in ranked[:n]) / left for n in some}
        if rows.select("subscriber_id", "risk").is_unique().all():
            assert caught in reachable


def test_without_churners_the_gain_stays_zero():
    assert gain(table_of([0.2, 0.1], [0, 0]))["caught"].to_list() == [0.0] * 101


@given(rows=rows_to_evaluate())
def test_the_common_currency_is_the_first_of_the_most_common(rows):
    kept = rows.filter(in_common_currency(rows))
    currency = common_currency(rows)
    assert kept["currency"].to_list() == [c for c in rows["currency"] if c == currency]


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 4, 0.25), (0, 4, 0.0), (0, 0, 0.0), (3, 0, 0.0)]
)
def test_a_share_of_nothing_is_zero(part, whole, expected):
    assert share(part, whole) == expected


def test_a_metric_of_the_model_has_no_prefix():
    assert metric_name("model", "roc_auc") == "roc_auc"
    assert metric_name("own_rate", "roc_auc") == "own_rate.roc_auc"


def test_only_the_risks_that_are_there_are_listed_the_model_first():
    rows = table_of([0.1], [0], champion=[0.2], logistic=[0.3], constant=[0.1], other=[0.9])
    assert risk_columns(rows) == [
        ("model", "risk"),
        ("constant", "constant"),
        ("logistic", "logistic"),
        ("champion", "champion"),
    ]


def test_another_column_is_evaluated_as_the_risk_would_be():
    rows = table_of([0.9, 0.1, 0.5], [0, 1, 0], logistic=[0.1, 0.9, 0.5])
    swapped = rows.with_columns(risk="logistic")
    assert evaluate(rows, "logistic", calls=1) == evaluate(swapped, calls=1)
    assert evaluate(rows, calls=1) != evaluate(rows, "logistic", calls=1)


def test_the_values_of_metrics_are_by_name_and_in_order():
    found = evaluate(table_of([0.9, 0.1], [1, 0]), calls=1)
    assert list(found.values) == list(Metrics.__dataclass_fields__)
    assert found.values["recall"] == 1.0


@pytest.mark.parametrize("left", [0, 1])
def test_of_one_class_there_is_a_loss_and_no_ranking(left):
    found = evaluate(table_of([0.25, 0.75], [left, left]), calls=1)
    assert found.roc_auc == 0.5
    assert found.average_precision == left
    assert found.log_loss == pytest.approx(-(log(0.25) + log(0.75)) / 2)
    assert found.lift == (1.0 if left else 0.0)
