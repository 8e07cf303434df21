"""Whether a model holds: made anew at earlier dates, and asked about what came after."""

from dataclasses import replace

import polars as pl
import pytest

from perdura.models.backtesting.backtest import evaluated_at
from perdura.models.backtesting.stability import at_earlier_dates
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.metrics import evaluate
from perdura.models.training.train import train
from tests.models.backtesting.test_backtest import as_closed
from tests.support.made_up import PARAMS, training_set

AT = replace(PARAMS, split="time", judge_dates=1)


@pytest.fixture(scope="module")
def training() -> TrainingSet:
    made = training_set(people=600)
    return replace(made, rows=made.rows.with_columns(owner="subscriber_id"))


@pytest.fixture(scope="module")
def earlier(training: TrainingSet) -> Earlier:
    return at_earlier_dates(training, as_closed(training), PARAMS, most=2)


def test_each_of_the_newest_dates_is_told_as_a_backtest_tells_it(training, earlier):
    by_date, last = earlier.by_date, earlier.by_date["origin"][-1]
    evaluated = evaluated_at(training, last, as_closed(training)(last), AT)
    assert by_date.height == 2
    assert by_date["roc_auc"][-1] == evaluate(evaluated, calls=PARAMS.calls).roc_auc
    assert by_date.select(pl.col("roc_auc").is_between("low", "high").all()).item()
    assert by_date.select((pl.col("log_loss") < pl.col("constant")).all()).item()


def test_holding_back_and_fitting_again_are_compared_on_all_rows_of_these_dates(training, earlier):
    found = earlier.procedures
    evaluated = pl.concat(
        evaluated_at(training, origin, as_closed(training)(origin), AT)
        for origin in earlier.by_date["origin"]
    )
    assert (found.dates, found.rows) == (2, evaluated.height)
    assert found.log_loss == evaluate(evaluated, "refit", calls=1).log_loss
    assert (
        found.held_back_calibration_error == evaluate(evaluated, "risk", calls=1).calibration_error
    )
    assert found.log_loss != found.held_back_log_loss


def test_the_verdict_hears_of_them(training, earlier):
    worse = earlier.by_date.with_columns(log_loss=pl.col("constant") + 0.1)
    refused = train(training, PARAMS, earlier=replace(earlier, by_date=worse))
    assert not refused.verdict.promoted
    assert "does not hold up in backtests" in refused.verdict.reasons[0]
    assert train(training, PARAMS, earlier=earlier).verdict.promoted
