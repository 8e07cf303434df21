"""Fitted again on everything: what is known by when, of whom, and by which calibration."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.refit_comparison import Procedures, why_held_back
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.reports.card import groups, model_card
from perdura.models.training.refit import refit
from perdura.models.training.train import fit_and_evaluate, train
from tests.models.dataset.test_sampling import thinned
from tests.support.made_up import FIRST, PARAMS, trained, training_set

ROWS = training_set().rows
NEW = training_set(people=3000, dates=3, seed=7).rows
OPEN = pl.col("as_of") > FIRST + timedelta(days=30 * 11)


def test_the_published_model_knows_every_outcome_and_says_until_when():
    model = trained().model
    assert model.fitted_until == FIRST + timedelta(days=30 * 13 + 60)
    assert model.evidence_fitted_until == trained().evidence.fitted_until < model.fitted_until
    assert trained().sizes["refit_rows"] == ROWS.height
    assert model.months is None  # as nothing was known of them when it was evaluated


def test_the_verdict_and_the_numbers_are_those_of_the_evidence_model():
    made = fit_and_evaluate(training_set(), PARAMS, lambda *_step: None)
    assert trained().test_rows["risk"].equals(made.test_rows["risk"])
    assert trained().evidence.booster_text == made.model.booster_text


def test_rows_whose_outcome_is_not_known_change_nothing():
    unlabelled = ROWS.with_columns(
        pl.when(~OPEN).then(name).alias(name) for name in ("churned", "cause", "expanded")
    )
    made = fit_and_evaluate(replace(training_set(), rows=unlabelled), PARAMS, lambda *_step: None)
    with_open, without = (
        refit(made.model, replace(training_set(), rows=rows), PARAMS)
        for rows in (unlabelled, unlabelled.filter(~OPEN))
    )
    assert with_open == without
    assert with_open.fitted_until == FIRST + timedelta(days=30 * 11 + 60)


def test_what_became_of_the_newest_rows_is_learnt():
    turned = ROWS.with_columns(churned=pl.col("churned") | (OPEN & (pl.col("csat") == 1)))
    made = fit_and_evaluate(training_set(), PARAMS, lambda *_step: None)
    other = refit(made.model, replace(training_set(), rows=turned), PARAMS)
    unhappy = ROWS.filter(pl.col("csat") == 1).select(other.contract.names)
    before, after = (
        float(model.predict(unhappy)["risk"].to_numpy().mean())
        for model in (trained().model, other)
    )
    assert after > 1.3 * before


def test_risks_of_new_people_are_as_high_as_the_rates_that_come():
    risk = trained().model.predict(NEW.select(trained().model.contract.names))["risk"]
    assert risk.mean() == pytest.approx(NEW["churned"].mean(), abs=0.012)
    tenth = NEW.with_columns(risk).sort("risk").tail(900)
    assert tenth["risk"].mean() == pytest.approx(tenth["churned"].mean(), abs=0.04)


def test_a_share_of_the_stayers_gives_risks_of_the_same_height():
    few = thinned(training_set(people=2000), replace(PARAMS, most_rows=6000))
    assert few.sampling.refit < 0.5
    made = fit_and_evaluate(few, PARAMS, lambda *_step: None)
    risk = refit(made.model, few, PARAMS).predict(NEW.select(few.names))["risk"]
    assert risk.mean() == pytest.approx(NEW["churned"].mean(), abs=0.012)


def test_offers_are_fitted_again_where_they_are_served():
    offers, evidence = trained().model.expansion, trained().evidence.expansion
    assert offers is not None
    assert evidence is not None
    assert offers.fitted_until > evidence.fitted_until
    assert offers.booster_text != evidence.booster_text


def test_leavers_by_payment_are_told_apart_by_all_of_them():
    assert trained().model.cause_text != trained().evidence.cause_text
    risks = trained().model.predict(ROWS.select(trained().model.contract.names))
    left = ROWS.hstack(risks).filter("churned")
    share = left["risk_payment"] / left["risk"]
    assert share.mean() == pytest.approx((left["cause"] == "payment").mean(), abs=0.03)


def test_both_dates_come_back_from_the_folder_and_of_older_versions_they_are_one(tmp_path):
    trained().model.save(tmp_path)
    assert ChurnModel.load(tmp_path) == trained().model
    contract = tmp_path / "contract.json"
    stored = json.loads(contract.read_text())
    del stored["evidence_fitted_until"], stored["recipe"]
    contract.write_text(json.dumps(stored))
    older = ChurnModel.load(tmp_path)
    assert older.evidence_fitted_until == older.fitted_until == trained().model.fitted_until
    assert older.recipe is None


GOOD = Procedures(
    dates=4,
    rows=1000,
    log_loss=0.33,
    calibration_error=0.006,
    held_back_log_loss=0.34,
    held_back_calibration_error=0.008,
)


@pytest.mark.parametrize("worse", [{"log_loss": 0.35}, {"calibration_error": 0.009}])
def test_a_refit_that_was_no_better_at_earlier_dates_is_not_published(worse):
    assert why_held_back(GOOD) is None
    by_date = pl.DataFrame(
        {
            "log_loss": [0.1],
            "constant": [0.2],
            "origin": [FIRST],
            "roc_auc": [0.7],
            "low": [0.6],
            "high": [0.8],
        }
    )
    found = Earlier(by_date=by_date, procedures=replace(GOOD, **worse))
    held = train(training_set(), PARAMS, earlier=found)
    assert held.model == held.evidence
    card = model_card(held, groups(held))
    assert "Published is the model that was evaluated" in card
    assert "held back, 0.3400 and 0.0080" in card


def test_the_card_says_what_is_published():
    card = model_card(trained(), groups(trained()))
    assert "fitted on what happened before 2025-12-27" in card
    assert "all 12,600 rows whose outcome is known" in card
    assert "until 2026-03-27" in card


def test_where_nothing_can_be_learnt_nobody_is_told_apart():
    # Calibrated on rows that its trees had seen, such a model would be far too bold.
    nothing = training_set(signal=0)
    made = fit_and_evaluate(nothing, PARAMS, lambda *_step: None)
    model = refit(made.model, nothing, PARAMS)
    risk = model.predict(nothing.rows.select(model.contract.names))["risk"].to_numpy()
    assert np.quantile(risk, 0.99) < 1.6 * risk.mean()
