"""Who would rather pay more: learnt where it can be, refused in words where it cannot."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from perdura.models.boosting.booster import load_booster, raw_scores
from perdura.models.dataset.sampling import Sampling, chosen, evenly, outcome_counts, sampling_of
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.promotion.minimums import Minimums
from perdura.models.reports.expansion_card import expansion_card
from perdura.models.scoring.score import score
from perdura.models.training.expansion import learn_expansion
from perdura.models.training.expansion_result import Expansion
from tests.support.made_up import COLUMNS, NAMES, PARAMS, trained, training_set

CONTRACT = trained().model.contract


def learnt(training: TrainingSet, **more: object) -> Expansion:
    return learn_expansion(training, CONTRACT, PARAMS, **more)  # pyright: ignore[reportArgumentType]


def outcome(training: TrainingSet, told: pl.Series | pl.Expr) -> TrainingSet:
    return replace(training, rows=training.rows.with_columns(expanded=told))


def test_what_drives_it_is_learnt_and_said_in_words():
    expansion = trained().expansion
    assert expansion.metrics is not None
    assert expansion.metrics.roc_auc > 0.75
    assert expansion.metrics.calibration_error < 0.02
    assert expansion.model == trained().evidence.expansion is not None
    (why,) = expansion.reasons
    assert why.startswith("Offers: who will pay more by choice is predicted with a ROC AUC of 0.")


def test_where_nothing_tells_nobody_is_offered_anything_and_the_churn_model_is_as_it_was():
    rng = np.random.default_rng(0)
    by_chance = pl.Series(rng.random(trained().fingerprint.rows) < 0.03)
    expansion = learnt(outcome(training_set(), by_chance))
    assert expansion.model is None
    assert any("may be chance" in why for why in expansion.reasons)
    assert all(why.startswith("No offers: ") for why in expansion.reasons)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (pl.lit(None, pl.Boolean), "no outcome is known"),
        (pl.lit(value=False), "too few chose to pay more"),
        (pl.when(pl.col("as_of") == pl.col("as_of").min()).then("expanded"), "too short"),
    ],
)
def test_what_cannot_be_learnt_is_said(told: pl.Expr, why: str):
    expansion = learnt(outcome(training_set(), told))
    assert expansion.model is None
    assert expansion.logged == {}
    assert why in expansion.reasons[0]


def test_where_churn_is_silence_it_says_that_nothing_can_rise():
    made = outcome(training_set(), pl.lit(None, pl.Boolean))
    told = learn_expansion(made, CONTRACT, replace(PARAMS, churn="silence"))
    assert "there are no contracts" in told.reasons[0]


def test_rows_that_do_not_tell_it_at_all_are_no_fault():
    made = training_set()
    assert learnt(replace(made, rows=made.rows.drop("expanded"))).model is None


def test_a_calibration_that_is_off_is_not_served():
    strict = Minimums(calibration_error=-1.0)  # not even chance is allowed for
    assert learnt(training_set(), minimums=strict).model is None


def test_windows_that_were_fitted_have_closed_before_the_first_that_is_judged():
    expansion = trained().expansion
    assert expansion.model is not None
    assert expansion.model.days == PARAMS.expansion_days == 60
    assert expansion.model.fitted_until <= expansion.test_rows["as_of"].min()  # pyright: ignore[reportOperatorIssue]


def test_it_is_kept_beside_the_churn_model_and_comes_back_the_same(tmp_path: Path):
    model = trained().model
    model.save(tmp_path)
    assert ChurnModel.load(tmp_path) == model
    files = sorted(file.name for file in (tmp_path / "expansion").iterdir())
    assert files == ["booster.txt", "expansion.json"]


def test_who_learnt_it_from_later_outcomes_knows_as_much():
    model, later = trained().model, datetime(2030, 1, 1, tzinfo=UTC)
    assert model.expansion is not None
    knowing = replace(model, expansion=replace(model.expansion, fitted_until=later))
    assert knowing.knows_until == later
    assert replace(model, expansion=None).knows_until == model.fitted_until


def test_the_card_says_whether_offers_are_made_and_how_well_it_is_known_to_whom():
    served = expansion_card(trained().expansion)
    assert "- Offers: who will pay more" in served
    assert "In 95 of 100 samples of other subscribers its ROC AUC lies between" in served
    assert f"judge_expanded {trained().expansion.sizes['judge_expanded']}" in served
    refused = expansion_card(Expansion(reasons=("No offers: for this test.",)))
    assert refused.endswith("- No offers: for this test.")


def test_a_model_stored_without_it_offers_nothing(tmp_path: Path):
    replace(trained().model, expansion=None).save(tmp_path)
    assert ChurnModel.load(tmp_path).expansion is None


def test_scores_say_what_the_model_says_of_those_who_may_be_asked():
    rows = training_set().rows.tail(200).select("subscriber_id", "as_of", *NAMES)
    about = rows.select("subscriber_id", state=pl.lit("active"))
    model = trained().model
    assert model.expansion is not None
    scored = score(model, rows, COLUMNS, about=about)
    # Its columns do not tell whether an escalated ticket is open.
    assert scored["offer"].null_count() == 200
    assert set(scored["advice"]) <= {"save", "leave_alone"}
    matrix = model.contract.encode(rows)
    said = model.expansion.predict_encoded(matrix)
    by_lightgbm = raw_scores(load_booster(model.expansion.booster_text), matrix)
    assert said == pytest.approx(model.expansion.calibration.apply(by_lightgbm), abs=1e-12)


def test_learning_from_a_share_of_the_stayers_does_not_bend_it():
    """Leavers never expand; were all of them kept beside a tenth of the stayers, few would."""
    made = training_set(people=3000).rows.with_columns(
        owner="subscriber_id", left_out=pl.lit(value=False)
    )
    params = replace(PARAMS, most_rows=8_000)
    sampling = sampling_of([outcome_counts(made, params)], params)
    assert sampling.non_churners < 0.5
    taken = chosen(made, sampling, params)
    fitted = pl.col("as_of").is_in(sampling.dates.fit if sampling.dates else [])
    true, bent, straight = (
        rows.filter(fitted)["churned"].to_numpy().mean()
        for rows in (made, taken, taken.filter(evenly(taken, sampling)))
    )
    assert bent > 2 * true
    assert straight == pytest.approx(true, rel=0.1)
    assert made.filter(evenly(made, Sampling())).equals(made)
