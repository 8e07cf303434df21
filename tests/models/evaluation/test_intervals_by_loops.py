"""Intervals beside a bootstrap that writes the rows out, draw by draw, and evaluates them anew."""

from math import inf
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.models.evaluation.bootstrap import map_resamples
from perdura.models.evaluation.intervals import Interval, RankedRows, basic, intervals
from perdura.models.evaluation.metrics import (
    BINS,
    Metrics,
    called,
    debiased_error,
    evaluate,
    in_common_currency,
)
from tests.support.evaluated_rows import rows_to_evaluate, slow_auc, table_of


def slow_metrics(rows: pl.DataFrame, calls: int, times: dict[str, int]) -> dict[str, float]:
    """The metrics of the rows, each as often as its subscriber was drawn; calls and bins stay."""
    marked = rows.with_columns(phoned=called("risk", calls), common=in_common_currency(rows)).sort(
        "risk", "subscriber_id", "as_of"
    )
    drawn: list[dict[str, Any]] = []
    bins: dict[int, list[dict[str, Any]]] = {}
    for index, row in enumerate(marked.to_dicts()):
        copies = [row] * times[row["subscriber_id"]]
        drawn += copies
        bins.setdefault(index * BINS // marked.height, []).extend(copies)
    left = [row for row in drawn if row["churned"]]
    phoned = [row for row in drawn if row["phoned"]]
    caught = [row for row in phoned if row["churned"]]

    def money(part: list[dict[str, Any]]) -> float:
        return sum(row["mrr"] or 0 for row in part if row["common"])

    sizes, risks, rates = (
        np.array([function(part) for part in bins.values()], dtype=float)
        for function in (len, mean_risk, mean_rate)
    )
    rate = len(left) / len(drawn)
    return {
        "roc_auc": slow_auc([row["risk"] for row in drawn], [row["churned"] for row in drawn]),
        "brier": float(np.mean([(row["risk"] - row["churned"]) ** 2 for row in drawn])),
        "calibration_error": float((sizes * np.abs(risks - rates)).sum() / len(drawn)),
        "calibration_error_debiased": debiased_error(sizes, risks, rates),
        "recall": len(caught) / len(left) if left else 0.0,
        "lift": len(caught) / len(phoned) / rate if phoned and rate else 0.0,
        "money_caught": money(caught) / money(left) if money(left) else 0.0,
    }


def mean_risk(part: list[dict[str, Any]]) -> float:
    return float(np.mean([row["risk"] for row in part])) if part else 0.0


def mean_rate(part: list[dict[str, Any]]) -> float:
    return float(np.mean([row["churned"] for row in part])) if part else 0.0


@given(
    rows=rows_to_evaluate(least=2, most=16),
    calls=st.integers(1, 3),
    counts=st.tuples(st.integers(1, 3), *[st.integers(0, 3)] * 9),  # the first is always drawn
)
def test_each_metric_of_a_resample_is_that_of_the_rows_written_out(rows, calls, counts):
    ranked = RankedRows.of(rows, "risk", calls)
    people = sorted(set(rows["subscriber_id"]))
    times = dict(zip(people, counts, strict=False))
    drawn = np.array([times[person] for person in people], dtype=np.uint8)
    found = ranked.metrics(drawn)
    expected = slow_metrics(rows, calls, times)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@given(rows=rows_to_evaluate(least=2), calls=st.integers(1, 4))
def test_with_every_subscriber_once_the_metrics_are_those_of_the_rows(rows, calls):
    ranked = RankedRows.of(rows, "risk", calls)
    found = ranked.metrics(np.ones(ranked.subscribers, np.uint8))
    expected = evaluate(rows, calls=calls).values
    if not rows["churned"].any():
        del expected["average_precision"], found["average_precision"]  # 0 of 0 churners
    assert found == pytest.approx(expected)


BOTH = rows_to_evaluate(least=4).filter(lambda rows: rows["churned"].n_unique() == 2)


@settings(max_examples=8)
@given(rows=BOTH, calls=st.integers(1, 4))
def test_each_interval_is_the_mirrored_quantiles_of_the_drawn_metric(rows, calls):
    found = intervals(rows, calls=calls, seed=3)
    ranked = RankedRows.of(rows, "risk", calls)
    stated = evaluate(rows, calls=calls).values
    drawn = map_resamples(ranked.subscribers, 3, ranked.metrics)
    for name in ("roc_auc", "recall", "lift"):
        values = sorted(metrics[name] for metrics in drawn)
        low, high = (2 * stated[name] - np.quantile(values, tail) for tail in (0.975, 0.025))
        most = inf if name == "lift" else 1.0
        assert found[name].low == pytest.approx(min(max(low, 0), most))
        assert found[name].high == pytest.approx(min(max(high, 0), most))


def test_two_subscribers_of_whom_some_resamples_hold_none_have_intervals_too():
    found = intervals(table_of([0.9, 0.1], [1, 0]), calls=1)
    assert set(found) == set(Metrics.__dataclass_fields__)
    assert found["roc_auc"] == Interval(1.0, 1.0)


def test_a_resample_without_rows_has_no_loss_and_ranks_like_a_coin():
    ranked = RankedRows.of(table_of([0.9, 0.1], [1, 0]), "risk", 1)
    found = ranked.metrics(np.zeros(2, np.uint8))
    assert found.pop("roc_auc") == 0.5
    assert set(found.values()) == {0.0}


@pytest.mark.parametrize(
    ("stated", "drawn", "most", "expected"),
    [
        (0.5, [0.5] * 9, 1.0, (0.5, 0.5)),
        (0.5, [0.4, 0.6], 1.0, (0.405, 0.595)),
        # The metric is lower than most draws: the truth may be lower still.
        (0.1, [0.3] * 9, 1.0, (0.0, 0.0)),
        (0.9, [0.7] * 9, 1.0, (1.0, 1.0)),
        (2.0, [1.0] * 9, inf, (3.0, 3.0)),
    ],
)
def test_the_basic_interval_mirrors_the_draws_at_the_metric(stated, drawn, most, expected):
    found = basic(stated, np.array(drawn), most)
    assert (found.low, found.high) == pytest.approx(expected)


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_the_rows():
    rows = table_of([0.9, 0.7, 0.6, 0.4, 0.2, 0.1], [1, 0, 1, 1, 0, 0])
    one, other = intervals(rows, calls=2, seed=1), intervals(rows.reverse(), calls=2, seed=1)
    for name, lies in one.items():
        assert (other[name].low, other[name].high) == pytest.approx((lies.low, lies.high))
    assert intervals(rows, calls=2, seed=1) != intervals(rows, calls=2, seed=2)


def test_the_owner_is_drawn_where_there_is_one():
    rows = table_of([0.9, 0.7, 0.4, 0.1], [1, 0, 1, 0], owner=["o"] * 4)
    ranked = RankedRows.of(rows, "risk", 1)
    assert ranked.subscribers == 1
    found = intervals(rows, calls=1)
    # One person says nothing of how others would differ: the ranking is that of the rows, or
    # a coin's where no one is drawn.
    assert found["roc_auc"].high == pytest.approx(2 * 0.75 - 0.5)


def test_another_risk_of_the_same_rows_has_its_own_interval():
    rows = table_of([0.9, 0.7, 0.4, 0.1], [1, 1, 0, 0], logistic=[0.1, 0.4, 0.7, 0.9])
    assert intervals(rows, "logistic", calls=1) == intervals(
        rows.select(pl.exclude("risk", "logistic"), risk="logistic"), calls=1
    )


def test_a_lift_may_be_above_one_and_a_recall_not():
    found = intervals(table_of([0.9] + [0.1] * 9, [1] + [0] * 9), calls=1)
    assert found["lift"].high > 1
    assert found["recall"] == Interval(1.0, 1.0)
