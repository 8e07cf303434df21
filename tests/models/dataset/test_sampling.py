"""Learning from all leavers and a share of the stayers: the same risks from fewer rows."""

import math
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from perdura.features.definition import Latest
from perdura.models.boosting.booster import Examples, fit_booster, raw_scores
from perdura.models.dataset.outcomes import label_spine
from perdura.models.dataset.person_ids import person_numbers
from perdura.models.dataset.sampling import (
    Sampling,
    chosen,
    evenly,
    evidence_rows,
    outcome_counts,
    refit_rows,
    sampling_of,
)
from perdura.models.dataset.split import HistoryTooShort, split_rows
from perdura.models.dataset.training_set import (
    TrainingSet,
    build_training_set,
    join_training_sets,
    measure_chosen,
)
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.training.result import Trained
from perdura.models.training.train import train
from perdura.sources.merges import Events
from tests.models.dataset.test_labels import AS_OF, day, happened, paid, spine_of, tables
from tests.support.made_up import FAILED, FIRST, PARAMS, PLAN, training_set

ROWS = training_set().rows
FEWER = replace(PARAMS, most_rows=2600, most_later_rows=900)
BY_PERSON = replace(FEWER, split="subscribers")
TOGETHER = ["subscriber_id", "as_of"]


def counts(rows: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    return outcome_counts(rows.with_columns(left_out=pl.lit(value=False)), params)


def sampling(rows: pl.DataFrame, params: TrainingParams) -> Sampling:
    return sampling_of([counts(rows, params)], params)


def taken(rows: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    return chosen(rows, sampling(rows, params), params)


def for_evidence(params: TrainingParams) -> pl.DataFrame:
    """The rows that are taken to fit, calibrate and evaluate a model on."""
    return evidence_rows(taken(ROWS, params), sampling(ROWS, params), params)


def thinned(training: TrainingSet, params: TrainingParams) -> TrainingSet:
    rows = taken(training.rows, params)
    return replace(training, rows=rows, sampling=sampling(training.rows, params))


class TestWhoIsChosen:
    def test_few_rows_are_all_taken(self):
        assert sampling(ROWS, PARAMS).everything
        assert taken(ROWS, PARAMS) is ROWS

    @pytest.mark.parametrize("params", [FEWER, BY_PERSON])
    def test_every_leaver_is_fitted_and_no_part_has_more_rows_than_asked_for(self, params):
        before, after = split_rows(ROWS, params), split_rows(for_evidence(params), params)
        assert after.fit["churned"].sum() == before.fit["churned"].sum()
        assert after.fit.height == pytest.approx(params.most_rows, rel=0.05)
        assert after.test.height <= params.most_later_rows * 1.05

    def test_stayers_are_thinned_by_the_share_that_is_told(self):
        before, after = (split_rows(r, FEWER).fit for r in (ROWS, for_evidence(FEWER)))
        stayed = [int((~part["churned"]).sum()) for part in (after, before)]
        assert stayed[0] / stayed[1] == pytest.approx(sampling(ROWS, FEWER).non_churners, abs=0.03)

    def test_leavers_and_stayers_of_later_dates_are_thinned_alike_whole_people_at_once(self):
        before, after = (split_rows(r, FEWER).test for r in (ROWS, for_evidence(FEWER)))
        assert after["churned"].mean() == pytest.approx(before["churned"].mean(), abs=0.03)
        assert after["subscriber_id"].n_unique() * 2 == after.height

    def test_there_are_never_fewer_stayers_than_leavers(self):
        fit = split_rows(for_evidence(replace(FEWER, most_rows=10)), FEWER).fit
        assert fit["churned"].mean() == pytest.approx(0.5, abs=0.02)

    def test_rows_that_no_part_of_the_split_reads_are_no_evidence(self):
        dates = {(at - FIRST).days // 30 for at in for_evidence(FEWER)["as_of"]}
        assert dates == {*range(8), 9, 10, 12, 13}

    def test_a_refit_reads_all_leavers_of_all_dates_and_no_more_rows_than_asked_for(self):
        again = refit_rows(taken(ROWS, FEWER), sampling(ROWS, FEWER))
        assert again["churned"].sum() == ROWS["churned"].sum()
        assert again["as_of"].n_unique() == 14
        assert again.height == pytest.approx(max(2600, 2 * ROWS["churned"].sum()), rel=0.05)

    def test_stayers_of_a_refit_are_thinned_by_a_share_of_their_own(self):
        agreed = sampling(ROWS, FEWER)
        again = refit_rows(taken(ROWS, FEWER), agreed)
        stayed = [int((~rows["churned"]).sum()) for rows in (again, ROWS)]
        assert stayed[0] / stayed[1] == pytest.approx(agreed.refit, abs=0.03)
        assert agreed.refit <= agreed.non_churners

    def test_rows_chosen_whatever_became_of_them_have_the_rate_of_everybody_at_each_date(self):
        rows = taken(ROWS, FEWER).filter(evenly(taken(ROWS, FEWER), sampling(ROWS, FEWER)))
        gap = [FIRST + timedelta(days=30 * month) for month in (8, 11)]
        for dates in (pl.col("as_of").is_in(gap), ~pl.col("as_of").is_in(gap)):
            expected = ROWS.filter(dates)["churned"].mean()
            assert rows.filter(dates)["churned"].mean() == pytest.approx(expected, abs=0.04)

    @pytest.mark.parametrize("params", [FEWER, BY_PERSON])
    def test_the_same_rows_are_taken_in_any_order_and_in_parts(self, params):
        whole = taken(ROWS, params)
        turned = taken(ROWS.sample(fraction=1, shuffle=True, seed=1), params)
        assert turned.sort(TOGETHER).equals(whole.sort(TOGETHER))
        parts = [part for _, part in ROWS.group_by(pl.col("subscriber_id").str.tail(1))]
        agreed = sampling_of([counts(part, params) for part in parts], params)
        assert agreed == sampling(ROWS, params)
        again = pl.concat(chosen(part, agreed, params) for part in parts)
        assert again.sort(TOGETHER).equals(whole.sort(TOGETHER))

    def test_another_seed_takes_others(self):
        other = replace(FEWER, booster=replace(FEWER.booster, seed=1))
        assert not taken(ROWS, other).equals(taken(ROWS, FEWER))

    def test_a_persons_number_is_the_same_everywhere(self):
        assert person_numbers(pl.Series(["ana", "bea"])).tolist() == [
            2673169044472470076,
            16726544451812134358,
        ]

    def test_more_rows_than_are_needed_at_too_few_dates_are_refused(self):
        short = ROWS.filter(pl.col("as_of") < FIRST + timedelta(days=60))
        with pytest.raises(HistoryTooShort, match="found 2 dates"):
            sampling(short, replace(FEWER, most_rows=100, most_later_rows=100))

    def test_of_fewer_people_fewer_are_called(self):
        assert [Sampling(people=part).calls(50) for part in (1, 0.5, 0.001)] == [50, 25, 1]


SATURATED = BoosterParams(
    learning_rate=1.0,
    rounds=30,
    patience=30,
    num_leaves=2,
    min_data_in_leaf=1,
    feature_fraction=1.0,
    lambda_l2=0.0,
)


@given(
    left=st.tuples(st.integers(5, 60), st.integers(5, 60)),
    stayed=st.tuples(st.integers(20, 300), st.integers(20, 300)),
    every=st.sampled_from([2, 4, 10]),
)
def test_with_one_split_the_odds_are_those_of_everybody(left, stayed, every):
    def people(taken_of_stayers: int) -> tuple[np.ndarray, np.ndarray]:
        counts = [
            (group, came, number if came else number * every // taken_of_stayers)
            for group in (0, 1)
            for came, number in ((1, left[group]), (0, stayed[group]))
        ]
        matrix = np.concatenate([np.full((n, 1), float(group)) for group, _, n in counts])
        return matrix, np.concatenate([np.full(n, float(came)) for _, came, n in counts])

    past = Examples(*people(taken_of_stayers=every), share=1 / every)
    booster = fit_booster(past, Examples(*people(taken_of_stayers=1)), ["group"], SATURATED)
    score = booster.predict(np.array([[0.0], [1.0]]), raw_score=True)
    true = [math.log(left[g] / (stayed[g] * every)) for g in (0, 1)]
    assert score == pytest.approx(true, abs=1e-4)
    assert past.rate == pytest.approx(sum(left) / (sum(left) + sum(stayed) * every))


def test_where_nothing_can_be_split_everybodys_odds_are_said():
    past = Examples(np.zeros((100, 1)), np.repeat([0.0, 1.0], [80, 20]), share=0.1)
    booster = fit_booster(past, past, ["nothing"], BoosterParams())
    assert booster.predict(np.zeros((1, 1)), raw_score=True) == pytest.approx(math.log(20 / 800))


def test_later_rows_decide_on_corrected_scores_how_many_trees_there_are():
    training = thinned(training_set(people=1500, seed=1), replace(FEWER, most_rows=3000))
    rows = evidence_rows(training.rows, training.sampling, FEWER)
    split, names = split_rows(rows, FEWER), training.names[:4]
    share = training.sampling.non_churners
    past, later = (
        Examples(
            part.select(names).fill_null(float("nan")).to_numpy(),
            part["churned"].to_numpy().astype(float),
        )
        for part in (split.fit, split.calibrate)
    )
    kept = fit_booster(replace(past, share=share), later, names, FEWER.booster)
    # On the very rows that they were grown on, all trees help.
    every = fit_booster(past, past, names, FEWER.booster)
    assert every.num_trees() == FEWER.booster.rounds

    def best(missing: float) -> int:
        scores = [
            np.asarray(every.predict(later.matrix, raw_score=True, num_iteration=trees)) + missing
            for trees in range(1, every.num_trees() + 1)
        ]
        return 1 + int(np.argmin([log_loss(later.happened, 1 / (1 + np.exp(-s))) for s in scores]))

    assert kept.num_trees() == best(missing=math.log(share)) != best(missing=0.0)


class TestTheModel:
    EVERYBODY = training_set(people=4000)
    THINNED = thinned(EVERYBODY, replace(PARAMS, most_rows=9000))

    @staticmethod
    @cache
    def of_fewer_rows() -> Trained:
        return train(TestTheModel.THINNED, PARAMS)

    def test_is_as_well_calibrated_and_ranks_as_well_as_one_of_all_rows(self):
        assert self.THINNED.sampling.non_churners < 0.25
        full, thin = train(self.EVERYBODY, PARAMS), self.of_fewer_rows()
        assert thin.sampling == self.THINNED.sampling
        evaluated, model = thin.test_rows, thin.metrics_by_model["model"]
        assert evaluated["risk"].mean() == pytest.approx(evaluated["churned"].mean(), abs=0.012)
        assert evaluated["risk"].mean() == pytest.approx(full.test_rows["risk"].mean(), abs=0.005)
        assert model.calibration_error < 0.015
        assert model.roc_auc == pytest.approx(full.metrics_by_model["model"].roc_auc, abs=0.01)
        assert model.log_loss == pytest.approx(full.metrics_by_model["model"].log_loss, abs=0.003)

    def test_calibration_has_nothing_to_mend(self):
        made = self.of_fewer_rows()
        for model in (made.evidence, made.model):
            rows = self.EVERYBODY.rows.select(model.contract.names).head(5_000)
            score = raw_scores(model.booster, model.contract.encode(rows))
            asked = np.quantile(score, np.linspace(0.01, 0.99, 9))
            assert model.calibration.log_odds(asked) == pytest.approx(asked, abs=0.35)

    def test_baselines_say_everybodys_rates_too(self):
        evaluated = self.of_fewer_rows().test_rows
        rate = split_rows(self.EVERYBODY.rows, PARAMS).fit["churned"].mean()
        assert evaluated["constant"][0] == pytest.approx(rate, abs=0.005)
        assert evaluated["logistic"].mean() == pytest.approx(rate, abs=0.01)

    def test_is_the_same_on_any_number_of_threads(self):
        small = thinned(training_set(), FEWER)
        on_two = replace(FEWER, booster=replace(FEWER.booster, threads=2))
        assert train(small, on_two).model == train(small, FEWER).model


FEATURES = (FAILED, PLAN, replace(PLAN, name="currency", measure=Latest("currency")))
PEOPLE = [f"p{number:02}" for number in range(40)]
DATES = [AS_OF + timedelta(days=30 * month) for month in range(12)]
BUILT = TrainingParams(most_rows=100, most_later_rows=20)
KNOWN = 30 * 11 + 10


def company(people: list[str]) -> Events:
    """Ten weeks after another person each leaves; the last is on a plan of their own."""
    return tables(
        subscriptions=[
            row
            for number, who in enumerate(PEOPLE)
            if who in people
            for row in (
                happened(
                    "started", -100, who, who, plan="own" if who == "p39" else "pro", currency="EUR"
                ),
                *([happened("ended", 9 * number, who, who)] if number % 3 else []),
            )
        ],
        payments=[paid(-5, who, kind="failed") for who in people],
    )


def asked(people: list[str]) -> pl.DataFrame:
    spine = pl.concat([spine_of(*people, as_of=as_of) for as_of in DATES])
    return spine.with_columns(mrr=pl.int_range(pl.len()))


def build(people: list[str], params: TrainingParams = BUILT) -> TrainingSet:
    return build_training_set(
        company(people), FEATURES, asked(people), params, known_until=day(KNOWN)
    )


class TestBuiltInParts:
    def test_only_chosen_rows_are_built_and_they_are_as_they_were(self):
        full, thin = build(PEOPLE, TrainingParams()), build(PEOPLE)
        assert 0 < thin.rows.height < full.rows.height / 2
        assert thin.rows.join(full.rows, on=full.rows.columns, nulls_equal=True).height == (
            thin.rows.height
        )
        assert thin.about.select(TOGETHER).equals(thin.rows.select(TOGETHER))

    def test_texts_that_only_others_have_now_are_known_to_the_model(self):
        thin = build(PEOPLE)
        assert "own" in thin.seen["plan"]
        assert thin.texts is not None
        assert thin.texts.rows() == [("own", "EUR"), ("pro", None)]

    @pytest.mark.parametrize("params", [BUILT, TrainingParams()])
    def test_parts_joined_are_the_whole(self, params):
        parts = [PEOPLE[::3], PEOPLE[1::3], PEOPLE[2::3]]
        events = [company(part) for part in parts]
        labelled = [
            label_spine(tables, asked(part), params, known_until=day(KNOWN))
            for tables, part in zip(events, parts, strict=True)
        ]
        agreed = sampling_of([outcome_counts(rows, params) for rows in labelled], params)
        joined = join_training_sets(
            [
                measure_chosen(
                    tables, FEATURES, rows, params, sampling=agreed, known_until=day(KNOWN)
                )
                for tables, rows in zip(events, labelled, strict=True)
            ]
        )
        whole = build(PEOPLE, params)
        assert joined.rows.equals(whole.rows)
        assert joined.about.drop("mrr").equals(whole.about.drop("mrr"))
        assert joined.sampling == whole.sampling
        assert joined.seen.equals(whole.seen)
