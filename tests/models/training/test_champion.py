"""A challenger beside the champion: its recipe on the same rows, and whether it may be replaced."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl

from perdura.models.boosting.recipe import read_recipe
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.metrics import Metrics, evaluate, risk_columns
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.promotion.decision import Verdict, verdict
from perdura.models.training.compare_champion import Challenger, compare_champion
from perdura.models.training.recipe_fit import has_same_recipe, in_recipe_of
from perdura.models.training.refit import known_until
from perdura.models.training.train import Made, fit_and_evaluate
from tests.support.made_up import CSAT, FIRST, PARAMS, training_set

ROWS = training_set().rows
HASTY = replace(PARAMS, booster=replace(PARAMS.booster, rounds=3))


@dataclass(frozen=True)
class Challenged:
    """What was decided, and how good both were on the same rows."""

    verdict: Verdict
    metrics: dict[str, Metrics]
    columns: list[str]

    @property
    def why(self) -> str:
        return self.verdict.reasons[0]


def evidence(training: TrainingSet, params=PARAMS) -> Made:
    return fit_and_evaluate(training, params, lambda *_step: None, baselines=("constant",))


def published(training: TrainingSet, params=PARAMS) -> ChurnModel:
    """A champion, as far as a comparison looks at it: fitted until all outcomes were known."""
    return replace(evidence(training, params).model, fitted_until=known_until(training, params))


@cache
def champion() -> ChurnModel:
    return published(training_set())


def challenge(training: TrainingSet, champion: ChurnModel, params=PARAMS) -> Challenged:
    """The first steps of ``train``, without what no comparison needs."""
    made = evidence(training, params)
    challenger = Challenger(
        evidence=made.model,
        split=made.split,
        test_rows=made.test_rows,
        fitted_until=known_until(training, params),
    )
    incumbent = compare_champion(champion, challenger, training, params)
    rows = made.test_rows if incumbent.risk is None else made.test_rows.with_columns(incumbent.risk)
    metrics = {
        name: evaluate(rows.drop_nulls(risk), risk, calls=50) for name, risk in risk_columns(rows)
    }
    return Challenged(verdict(rows, metrics, incumbent), metrics, made.model.contract.names)


@cache
def metrics() -> Metrics:
    return evaluate(evidence(training_set()).test_rows, calls=50)


def without_column(name: str) -> TrainingSet:
    """The training set as if one of its columns had never been measured."""
    kept = tuple(column for column in training_set().columns if column.name != name)
    return replace(training_set(), rows=ROWS.drop(name), columns=kept)


def with_noise() -> TrainingSet:
    """The training set and one column more, which tells nothing."""
    noise = replace(CSAT, name="noise", signal="noise")
    values = pl.Series("noise", np.random.default_rng(5).normal(size=ROWS.height))
    columns = (*training_set().columns, *noise.columns)
    return replace(training_set(), rows=ROWS.with_columns(values), columns=columns)


def upto(month: int) -> TrainingSet:
    """The training set as it was when nothing later than a month start was labelled."""
    training, known = training_set(), pl.col("as_of") <= FIRST + timedelta(days=30 * month)
    return replace(training, rows=training.rows.filter(known), about=training.about.filter(known))


class TestAnotherRecipe:
    def test_a_worse_challenger_with_one_more_column_does_not_replace_the_champion(self):
        found = challenge(with_noise(), champion(), HASTY)
        assert not found.verdict.promoted
        assert found.metrics["champion"].log_loss == metrics().log_loss
        assert found.metrics["model"].log_loss > metrics().log_loss

    def test_a_better_challenger_with_one_more_column_replaces_the_champion(self):
        found = challenge(training_set(), published(without_column("tickets_open")))
        assert found.verdict.promoted
        assert "its log loss differs from the champion's by -0.0" in found.why

    def test_a_champion_is_compared_on_columns_that_only_it_reads(self):
        found = challenge(replace(without_column("tickets_open"), rows=ROWS), champion())
        assert "tickets_open" not in found.columns
        assert not found.verdict.promoted
        assert found.metrics["champion"] == metrics()

    def test_a_champion_whose_column_is_measured_no_more_is_compared_on_the_rest(self):
        found = challenge(without_column("csat"), champion())
        assert found.verdict.promoted  # the night would be refused with the champion
        assert "column 'csat' is not measured any more" in found.why
        assert found.metrics["champion"] == found.metrics["model"]

    def test_what_the_champion_itself_knows_does_not_help_it(self):
        knows_everything = replace(champion(), booster_text="", fitted_until=FIRST)
        found = challenge(training_set(), knows_everything, HASTY)
        assert found.metrics["champion"] == metrics()

    def test_where_the_new_recipe_is_no_better_the_champion_learns_what_is_new(self):
        champion = published(upto(12))
        found = challenge(with_noise(), champion, HASTY)
        assert found.verdict.no_better
        own = in_recipe_of(champion, with_noise(), HASTY)
        assert own
        assert "noise" not in own[0].names
        refreshed = challenge(own[0], champion, own[1])
        assert refreshed.verdict.promoted
        assert "the champion's recipe on later outcomes" in refreshed.why

    def test_a_recipe_whose_column_is_gone_cannot_be_fitted_again(self):
        assert in_recipe_of(champion(), without_column("csat"), PARAMS) is None


class TestARefresh:
    def test_the_same_recipe_on_later_outcomes_is_promoted(self):
        found = challenge(training_set(), published(upto(12)))
        assert found.verdict.promoted
        assert "the champion's recipe on later outcomes" in found.why

    def test_the_same_recipe_on_the_same_data_is_not(self):
        found = challenge(training_set(), champion())
        assert not found.verdict.promoted
        assert "recipe on no later outcomes" in found.why

    def test_another_seed_is_the_same_recipe(self):
        lucky = replace(PARAMS, booster=replace(PARAMS.booster, seed=8))
        assert has_same_recipe(published(upto(12), lucky), champion())

    def test_one_that_is_clearly_worse_than_a_champion_that_knows_no_outcome_is_refused(self):
        before = published(upto(8))
        first_judged = evidence(training_set()).split.judged_from
        assert before.fitted_until <= first_judged
        # What is loaded of the old dates by now is wrong; the champion learnt it when it was right.
        wrong = pl.col("as_of") < pl.lit(first_judged)
        spoilt = ROWS.with_columns(
            pl.when(wrong).then(pl.col(name).shuffle(seed=1)).otherwise(name).alias(name)
            for name in ("tickets_open", "payments_failed_30d", "payments_failed_90d")
        )
        found = challenge(replace(training_set(), rows=spoilt), before)
        assert not found.verdict.promoted
        assert found.verdict.measured["refresh_gain_bound"] < -0.005
        assert found.metrics["champion"].log_loss < found.metrics["model"].log_loss


class TestOfOlderVersions:
    def test_their_recipe_is_read_from_their_trees(self):
        for params in (HASTY, replace(HASTY, monotone=True)):
            made = evidence(training_set(), params).model
            assert made.recipe == read_recipe(made.booster_text, made.cause_text)

    def test_they_are_refreshed(self):
        older = replace(evidence(training_set()).model, recipe=None)
        found = challenge(training_set(), older)
        assert found.verdict.promoted
        assert "recipe on later outcomes" in found.why


def test_a_plan_that_the_champion_has_never_seen_does_not_unseat_it():
    plan = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("team")).otherwise("plan")
    launched = replace(training_set(), rows=ROWS.with_columns(plan=plan))
    found = challenge(launched, champion(), HASTY)
    assert not found.verdict.promoted
    assert "on the same rows its log loss" in found.why


def test_a_champion_that_predicts_something_else_is_not_replaced():
    found = challenge(training_set(), replace(champion(), horizon_days=60))
    assert not found.verdict.promoted
    assert "predicts something else (churn.horizon_days 60, not 30)" in found.why


def test_a_champion_that_knows_more_is_not_replaced_by_a_model_of_the_past():
    found = challenge(upto(11), champion())
    assert not found.verdict.promoted
    assert "was fitted on what happened before 2026-03-27, this model only" in found.why


def test_a_model_that_knows_more_by_its_evidence_may_replace_one_that_was_fitted_again_later():
    before = replace(published(upto(11)), fitted_until=FIRST + timedelta(days=900))
    found = challenge(training_set(), before, HASTY)
    assert "was fitted on what happened before" not in found.why
