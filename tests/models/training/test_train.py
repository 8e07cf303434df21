"""Fitting: the same every time, probabilities as they are, and the planted reasons found."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from perdura.models.boosting.booster import fit_booster
from perdura.models.dataset.fingerprint import digest, fingerprint
from perdura.models.dataset.split import split_rows
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.training.churn import encode
from perdura.models.training.train import train
from tests.support.made_up import FIRST, NAMES, PARAMS, trained, training_set

ROWS = training_set().rows


def test_what_is_judged_was_never_fitted_and_the_model_says_until_when_it_looked():
    first_judged = trained().test_rows["as_of"].min()
    last_calibrated = FIRST + timedelta(days=30 * 10)
    assert trained().evidence.fitted_until == last_calibrated + timedelta(days=60) == first_judged


def test_the_model_beats_the_constant_and_finds_what_was_planted():
    said = trained().metrics_by_model
    assert said["model"].roc_auc > 0.6 > said["recency"].roc_auc
    assert said["model"].log_loss < said["constant"].log_loss
    assert trained().verdict.promoted


def test_risks_are_probabilities_on_average():
    evaluated = trained().test_rows
    assert evaluated["risk"].mean() == pytest.approx(evaluated["churned"].mean(), abs=0.02)


def test_the_parts_add_up_to_the_risk_and_each_finds_its_own_cause():
    evaluated = trained().test_rows
    parts = evaluated["risk_voluntary"] + evaluated["risk_payment"]
    assert np.allclose(parts, evaluated["risk"])
    left = evaluated.filter("churned")
    share = left["risk_payment"] / left["risk"]
    assert roc_auc_score((left["cause"] == "payment").to_numpy(), share.to_numpy()) > 0.6


def test_without_enough_of_a_cause_everybodys_share_is_used():
    voluntary = training_set().rows.with_columns(cause=pl.when("churned").then(pl.lit("voluntary")))
    model = train(replace(training_set(), rows=voluntary), PARAMS).model
    assert model.cause_text is None
    risks = model.predict(ROWS.select(NAMES).head(5))
    assert risks["risk_payment"].to_list() == [0] * 5


def test_the_same_rows_give_the_same_model_on_any_number_of_threads():
    on_two = replace(PARAMS, booster=replace(PARAMS.booster, threads=2))
    assert train(training_set(), on_two).model == trained().model


def test_a_model_comes_back_from_its_folder_as_it_was(tmp_path):
    trained().model.save(tmp_path)
    assert ChurnModel.load(tmp_path) == trained().model
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "booster.txt",
        "cause_booster.txt",
        "contract.json",
        "expansion",
        "typical.json",
    ]


def test_nobody_to_score_gives_no_risks():
    assert trained().model.predict(ROWS.select(NAMES).head(0)).columns == [
        "risk",
        "risk_voluntary",
        "risk_payment",
    ]


def test_no_more_trees_are_kept_than_help_on_later_rows():
    split = split_rows(ROWS, PARAMS)
    contract = trained().model.contract
    past, later = encode(contract, split.fit).leaving, encode(contract, split.calibrate).leaving
    trees = {
        fit_booster(past, later, NAMES, replace(PARAMS.booster, patience=patience)).num_trees()
        for patience in (10, 40)
    }
    assert len(trees) == 1
    assert trees.pop() < PARAMS.booster.rounds


def lowered_by_one_more_failure(model: ChurnModel) -> int:
    """Of how many rows the payment risk falls when one payment more failed."""
    failed = [name for name in NAMES if name.startswith("payments_failed")]
    rows = ROWS.select(NAMES).head(2_000)
    fewer, more = (
        model.predict(each)["risk_payment"]
        for each in (rows, rows.with_columns(pl.col(failed) + 1))
    )
    return int((more < fewer - 1e-9).sum())


def test_trees_that_are_held_to_it_never_lower_a_payment_risk_for_more_failures():
    held = train(training_set(), replace(PARAMS, monotone=True))
    assert lowered_by_one_more_failure(held.model) == 0
    assert lowered_by_one_more_failure(trained().model) > 0
    assert (
        held.metrics_by_model["model"].roc_auc > trained().metrics_by_model["model"].roc_auc - 0.01
    )


def test_texts_seen_only_in_rows_without_an_outcome_are_known_to_the_model():
    last = ROWS["as_of"].max()
    launched = ROWS.with_columns(
        plan=pl.when(pl.col("as_of") == last).then(pl.lit("new")).otherwise("plan"),
        churned=pl.when(pl.col("as_of") < last).then("churned"),
    )
    model = train(replace(training_set(), rows=launched), PARAMS).model
    assert model.predict(launched.select(NAMES).tail(3))["risk"].is_between(0, 1).all()


def test_where_nothing_that_is_known_matters_promotion_is_refused():
    decided = train(training_set(signal=0), PARAMS).verdict
    assert not decided.promoted
    assert "must be at least 0.60" in decided.reasons[0]


def test_a_fingerprint_changes_with_any_value_and_with_nothing_else():
    before = trained().fingerprint
    assert fingerprint(ROWS, training_set().known_until) == before
    assert (before.rows, before.dates, before.subscribers) == (900 * 14, 14, 900)
    one_more = ROWS.with_columns(
        csat=pl.when(pl.int_range(pl.len()) == 7).then(1.5).otherwise("csat")
    )
    assert digest(one_more) != before.digest
    assert digest(ROWS.reverse()) != before.digest
    texts = (["ab", "c"], ["a", "bc"], ["abc", None], ["abc", ""], ["abc"])
    assert len({digest(pl.DataFrame({"plan": plans})) for plans in texts}) == len(texts)


def test_columns_that_only_the_champion_reads_leave_the_fingerprint_as_it_was():
    kept = tuple(column for column in training_set().columns if column.name != "csat")
    fewer, beside = (
        replace(training_set(), rows=rows, columns=kept) for rows in (ROWS.drop("csat"), ROWS)
    )
    assert digest(beside.learnt_from) == digest(fewer.rows)


def test_progress_is_told_step_by_step():
    told = []
    train(training_set(people=300), PARAMS, progress=lambda *step: told.append(step))
    assert told == [
        (0, 5, "split"),
        (1, 5, "fit"),
        (2, 5, "judge"),
        (3, 5, "compare"),
        (4, 5, "refit"),
        (5, 5, "done"),
    ]
