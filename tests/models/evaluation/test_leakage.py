"""The leakage checks: they find what knows the future, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from perdura.features.definition import Column
from perdura.models.dataset.split import split_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.leakage import LeakBounds, Leaks, WithoutLastDays, alarms
from perdura.models.evaluation.leakage_signals import Cut, ranking_alone, without_last_days
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.training.churn import encode
from perdura.models.training.train import train
from tests.support.made_up import COLUMNS, CSAT, NAMES, PARAMS, trained, training_set

LEAK = replace(CSAT, name="leak")
BOUNDS = LeakBounds()


def with_column(values: pl.Expr) -> TrainingSet:
    """The training set with one column more, ``leak``."""
    made = training_set()
    columns: tuple[Column, ...] = (*COLUMNS, *LEAK.columns)
    return replace(made, rows=made.rows.with_columns(leak=values), columns=columns)


def noise(scale: float) -> pl.Series:
    rows = training_set().rows.height
    return pl.Series(np.random.default_rng(5).normal(0, scale, rows))


def rung(values: pl.Expr) -> tuple[str, ...]:
    decided = train(with_column(values), PARAMS).verdict
    assert not (decided.promoted and decided.alarmed)
    return decided.reasons if decided.alarmed else ()


def test_a_model_that_only_knows_the_past_rings_no_alarm():
    assert not trained().verdict.alarmed
    assert trained().verdict.measured["leak.alone"] < 0.75


def test_a_column_made_from_the_label_is_named_however_noisy():
    for scale in (0.01, 0.3, 0.6):
        leaked = pl.col("churned").cast(pl.Float64) + noise(scale)
        assert any("column 'leak' alone has a ROC AUC" in why for why in rung(leaked)), scale


def test_a_column_that_is_cleared_when_somebody_leaves_is_named():
    cleared = pl.when(~pl.col("churned") | (pl.int_range(pl.len()) % 5 == 0)).then(1.0)
    assert any("whether column 'leak' is empty tells who leaves" in why for why in rung(cleared))


def test_a_column_of_noise_rings_no_alarm():
    assert rung(pl.lit(noise(1.0))) == ()


def test_a_ranking_too_good_to_be_true_rings_the_alarm():
    none = pl.DataFrame({"column": ["a"], "alone": [0.6], "missingness": [0.5]})
    told = alarms(Leaks(roc_auc=0.98, columns=none), BOUNDS)
    assert len(told) == 1
    assert (
        "its ROC AUC is 0.980; a model that does not know the outcome stays below 0.97" in told[0]
    )


def test_where_churn_is_silence_the_days_since_a_payment_may_tell_most_of_it():
    most = pl.DataFrame({"column": ["days_since_paid"], "alone": [0.81], "missingness": [0.5]})
    found = Leaks(roc_auc=0.82, columns=most, expected=("days_since_paid",))
    assert alarms(found, LeakBounds()) == []
    assert alarms(replace(found, expected=()), LeakBounds())
    assert alarms(replace(found, roc_auc=0.98), LeakBounds())


@pytest.mark.parametrize(("cut", "rings"), [(0.79, False), (0.65, False), (0.55, True)])
def test_a_ranking_that_is_gone_without_the_last_days_rings_the_alarm(cut, rings):
    none = pl.DataFrame({"column": ["a"], "alone": [0.6], "missingness": [0.5]})
    found = Leaks(roc_auc=0.8, columns=none, cut=WithoutLastDays(days=7, roc_auc=0.8, cut=cut))
    told = alarms(found, BOUNDS)
    assert bool(told) == rings
    assert not told or "falls from 0.800 to 0.550" in told[0]


def test_each_column_alone_is_judged_by_what_its_values_meant_before():
    split = split_rows(training_set().rows, PARAMS)
    contract = learn_contract(split.fit, NAMES)
    fit, evaluated = (encode(contract, part).leaving for part in (split.fit, split.test))
    told = ranking_alone(NAMES, fit, evaluated)
    assert told.height == len(NAMES)
    # What was planted: failed payments, open tickets, the basic plan where csat is low or unknown.
    assert set(told["column"].head(2)) <= {"payments_failed_30d", "tickets_open", "csat", "plan"}
    assert dict(told.select("column", "missingness").rows())["tickets_open"] == 0.5


def test_the_days_are_cut_away_on_rows_of_the_same_people():
    evaluated, rows = trained().test_rows, training_set().rows
    same = rows.select("subscriber_id", "as_of", *NAMES)
    told = without_last_days(trained().evidence, evaluated, Cut(7, same))
    assert told is not None
    assert told.cut == pytest.approx(told.roc_auc)
    earlier = same.with_columns(pl.col("as_of") + timedelta(days=30))
    before = without_last_days(trained().evidence, evaluated, Cut(30, earlier))
    assert before is not None
    assert before.cut < before.roc_auc  # made-up people forget every month what they were
    assert without_last_days(trained().evidence, evaluated, Cut(7, same.head(0))) is None
