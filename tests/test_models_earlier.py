"""Whether a model holds: made anew at earlier dates, and asked about what came after."""

from dataclasses import replace

import polars as pl
import pytest

from models.backtest import judged_at
from models.earlier import at_earlier_dates
from models.judge import judge
from models.train import train
from models.training_set import TrainingSet
from tests.made_up import PARAMS, training_set
from tests.test_models_backtest import as_closed

AT = replace(PARAMS, split="time", judge_dates=1)


@pytest.fixture(scope="module")
def training() -> TrainingSet:
    made = training_set(people=600)
    return replace(made, rows=made.rows.with_columns(owner="subscriber_id"))


@pytest.fixture(scope="module")
def earlier(training: TrainingSet) -> pl.DataFrame:
    return at_earlier_dates(training, as_closed(training), PARAMS, most=2)


def test_each_of_the_newest_dates_is_told_as_a_backtest_tells_it(training, earlier):
    last = earlier["origin"][-1]
    judged = judged_at(training, last, as_closed(training)(last), AT)
    assert earlier.height == 2
    assert earlier["roc_auc"][-1] == judge(judged, calls=PARAMS.calls).roc_auc
    assert earlier.select(pl.col("roc_auc").is_between("low", "high").all()).item()
    assert earlier.select((pl.col("log_loss") < pl.col("constant")).all()).item()


def test_the_verdict_hears_of_them(training, earlier):
    lost = earlier.with_columns(log_loss=pl.col("constant") + 0.1)
    refused = train(training, PARAMS, earlier=lost)
    assert not refused.verdict.promoted
    assert "does not hold over time" in refused.verdict.reasons[0]
    assert train(training, PARAMS, earlier=earlier).verdict.promoted
