"""A training's result: its metrics by name, its sizes, and what it says where a part is missing."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from perdura.models.dataset.sampling import Sampling
from perdura.models.evaluation.reason_faithfulness import Faithfulness
from perdura.models.params import BoosterParams
from perdura.models.training.expansion_result import Expansion
from perdura.models.training.refit import closed_by, known_until, refit_sizes, with_trees
from tests.support.made_up import training_set
from tests.support.small_training import SMALL_PARAMS, small_training

TRAINED = small_training()


def test_the_models_own_metrics_have_no_prefix_and_baselines_have_theirs():
    metrics = TRAINED.metrics
    for name, value in TRAINED.metrics_by_model["model"].values.items():
        assert metrics[name] == value
    for model in ("constant", "own_rate", "recency", "logistic"):
        assert metrics[f"{model}.log_loss"] == TRAINED.metrics_by_model[model].log_loss
    assert metrics["constant.roc_auc"] == 0.5
    assert metrics["reasons_lowered"] == TRAINED.faithfulness.lowered


def test_what_was_not_measured_is_no_metric():
    none = Faithfulness(TRAINED.faithfulness.signals.head(0))
    bare = replace(TRAINED, faithfulness=none, expansion=Expansion(reasons=("No offers.",)))
    assert "reasons_lowered" not in bare.metrics
    assert not [name for name in bare.metrics if name.startswith("expansion.")]
    assert {name for name in TRAINED.metrics if name.startswith("expansion.")} == {
        "expansion.roc_auc",
        "expansion.average_precision",
        "expansion.log_loss",
        "expansion.calibration_error",
    }


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, "fewer than 50 people left in later months whose outcome is known"),
        (
            {"churn": "silence"},
            "that takes churn.rule = 'contract', churn.lead_days = 0,",
        ),
        ({"lead_days": 7}, "that takes churn.rule = 'contract'"),
        ({"split": "subscribers"}, "training.split = 'time'"),
    ],
)
def test_why_no_later_month_was_learnt_names_the_settings(changed, why):
    (words,) = replace(TRAINED, params=replace(SMALL_PARAMS, **changed)).unlearnt
    assert words.startswith("How long people stay was not learnt, so nights have no CLTV: ")
    assert why in words


def test_with_later_months_nothing_is_unlearnt():
    assert replace(TRAINED, months=object()).unlearnt == ()


def test_a_refit_has_as_many_trees_as_the_evidence_and_keeps_the_rest():
    trees = TRAINED.evidence.booster
    found = with_trees(BoosterParams(rounds=600, seed=3, num_leaves=9), trees)
    assert found.rounds == trees.num_trees()
    assert (found.seed, found.num_leaves) == (3, 9)


def test_the_outcome_of_the_newest_row_is_known_after_the_gap():
    made = training_set(people=20, dates=3)
    newest = made.rows["as_of"].max()
    assert isinstance(newest, datetime)
    assert closed_by(made.rows, 60) == newest + timedelta(days=60)
    assert known_until(made, SMALL_PARAMS) == newest + timedelta(days=SMALL_PARAMS.gap_days)
    # Rows whose outcome is not known are not fitted again.
    open_rows = made.rows.with_columns(churned=pl.when(pl.col("as_of") != newest).then("churned"))
    assert known_until(replace(made, rows=open_rows), SMALL_PARAMS) == newest + timedelta(days=30)


def test_the_sizes_of_a_refit_are_those_of_rows_with_known_outcomes():
    made = training_set(people=20, dates=3)
    some = made.rows.with_columns(churned=pl.when(pl.int_range(pl.len()) % 4 != 0).then("churned"))
    found = refit_sizes(replace(made, rows=some, sampling=Sampling(left_out=7)))
    assert found == {
        "refit_rows": 45,
        "refit_churned": int(some["churned"].sum()),
        "left_out_rows": 7,
    }
