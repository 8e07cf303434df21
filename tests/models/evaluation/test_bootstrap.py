"""The bootstrap: whole subscribers, the same draws for both models, and the metrics by loops."""

from collections.abc import Sequence
from math import log
from typing import TypeVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.evaluation.bootstrap import RESAMPLES, Ranked, map_resamples, resample
from tests.support.evaluated_rows import rows_to_evaluate, slow_auc, table_of

Value = TypeVar("Value")


def drawn_by_seed(subscribers: int, seed: int) -> list[np.ndarray]:
    """How often each subscriber is drawn, in each resample."""
    return map_resamples(subscribers, seed, lambda drawn: drawn.copy())


def repeated(values: Sequence[Value], subscriber: list[int], drawn: np.ndarray) -> list[Value]:
    """Each row as often as its subscriber was drawn."""
    return [v for v, s in zip(values, subscriber, strict=True) for _ in range(int(drawn[s]))]


def slow_metrics(
    risk: list[float], churned: list[bool], subscriber: list[int], drawn: np.ndarray
) -> tuple[float, float]:
    risks, left = repeated(risk, subscriber, drawn), repeated(churned, subscriber, drawn)
    losses = [-log(max(r if c else 1 - r, 1e-15)) for r, c in zip(risks, left, strict=True)]
    return slow_auc(risks, left), sum(losses) / max(1, len(losses))


@given(rows=rows_to_evaluate(), counts=st.lists(st.integers(0, 3), min_size=10, max_size=10))
def test_a_resample_is_the_rows_written_as_often_as_drawn(rows, counts):
    subscriber = [int(name[1:]) for name in rows["subscriber_id"]]
    risk, churned = rows["risk"].to_list(), rows["churned"].to_list()
    ranked = Ranked.of(rows["risk"].to_numpy(), rows["churned"].to_numpy(), np.array(subscriber))
    drawn = np.array(counts, dtype=np.uint8)
    assert ranked.metrics(drawn) == pytest.approx(slow_metrics(risk, churned, subscriber, drawn))


def test_where_none_is_drawn_the_metrics_are_a_coins():
    rows = table_of([0.9, 0.1], [1, 0])
    ranked = Ranked.of(rows["risk"].to_numpy(), rows["churned"].to_numpy(), np.array([0, 1]))
    assert ranked.metrics(np.zeros(2, np.uint8)) == (0.5, 0.0)


def test_a_risk_of_zero_that_came_true_is_a_large_loss_and_not_an_infinite_one():
    ranked = Ranked.of(np.array([0.0]), np.array([True]), np.array([0]))
    assert ranked.metrics(np.ones(1, np.uint8))[1] == pytest.approx(-log(1e-15))


@given(rows=rows_to_evaluate(least=2), seed=st.integers(0, 3))
def test_resamples_are_those_of_the_seed_by_loops(rows, seed):
    names = sorted(set(rows["subscriber_id"]))
    subscriber = [names.index(name) for name in rows["subscriber_id"]]
    risk, churned = rows["risk"].to_list(), rows["churned"].to_list()
    found = resample(rows, seed)["auc"]
    assert found.shape == (RESAMPLES,)
    for index, drawn in list(enumerate(drawn_by_seed(len(names), seed)))[:4]:
        assert found[index] == pytest.approx(slow_metrics(risk, churned, subscriber, drawn)[0])


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    one, same, other = (drawn_by_seed(50, seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


def test_a_subscriber_is_drawn_once_on_average_and_as_often_as_poisson_says():
    counts = np.concatenate(drawn_by_seed(1_000, 0))
    assert counts.mean() == pytest.approx(1, abs=0.01)
    for times, share in ((0, 0.3679), (1, 0.3679), (2, 0.1839), (3, 0.0613)):
        assert (counts == times).mean() == pytest.approx(share, abs=0.003)


def test_no_resample_equals_another():
    assert len({drawn.tobytes() for drawn in drawn_by_seed(30, 0)}) == RESAMPLES


def test_results_come_in_the_order_of_the_resamples():
    sums = [int(drawn.sum()) for drawn in drawn_by_seed(20, 5)]
    assert map_resamples(20, 5, lambda drawn: int(drawn.sum())) == sums


def test_without_a_champion_there_is_only_the_ranking():
    assert list(resample(table_of([0.9, 0.1], [1, 0]), 0)) == ["auc"]


def test_a_champion_that_says_the_same_is_neither_better_nor_worse_in_any_resample():
    random = np.random.default_rng(0)
    risk = random.random(40)
    rows = table_of(risk.tolist(), (random.random(40) < risk).astype(int).tolist())
    found = resample(rows.with_columns(champion="risk"), 0)
    assert (found["auc_gain"] == 0).all()
    assert (found["loss_gain"] == 0).all()


def test_a_gain_above_zero_says_that_the_challenger_is_better():
    rows = table_of([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], champion=[0.1, 0.2, 0.8, 0.9])
    found = resample(rows, 0)
    both = found["auc"] != 0.5
    assert both.any()
    assert (found["auc_gain"][both] == 1).all()
    drawn = np.array([counts.sum() > 0 for counts in drawn_by_seed(4, 0)])
    assert (found["loss_gain"][drawn] > 0).all()


def test_both_models_are_measured_on_the_same_draws():
    random = np.random.default_rng(1)
    risk, other = random.random(30), random.random(30)
    left = (random.random(30) < risk).astype(int).tolist()
    rows = table_of(risk.tolist(), left, champion=other.tolist())
    alone = resample(rows.drop("champion"), 3)["auc"]
    champion = resample(rows.select(pl.exclude("risk", "champion"), risk="champion"), 3)["auc"]
    found = resample(rows, 3)
    assert found["auc"] == pytest.approx(alone)
    assert found["auc_gain"] == pytest.approx(alone - champion)


def test_all_rows_of_one_owner_are_drawn_together():
    rows = table_of([0.9, 0.8, 0.3, 0.1], [1, 0, 1, 0], owner=["a", "a", "a", "a"])
    found = resample(rows, 0)["auc"]
    # One person: drawn or not, the order of the pairs is the same.
    assert set(found.round(6)) <= {0.75, 0.5}
    assert len(set(resample(rows.drop("owner"), 0)["auc"].round(6))) > 2


def test_the_order_of_the_rows_does_not_matter():
    rows = table_of([0.9, 0.5, 0.5, 0.1], [1, 0, 1, 0])
    assert resample(rows, 4)["auc"] == pytest.approx(resample(rows.reverse(), 4)["auc"])
