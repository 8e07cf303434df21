"""Fitting trees: what share, offset, early stopping and monotone columns do to the scores."""

from dataclasses import replace
from functools import cache
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.booster import (
    Booster,
    Examples,
    booster_text,
    fit_booster,
    load_booster,
    mean_score,
    raw_scores,
)
from perdura.models.boosting.learner import LEARNER
from perdura.models.boosting.shap_values import contributions
from perdura.models.boosting.tree_text import read_trees
from perdura.models.params import BoosterParams
from tests.support.boosters import values

NAMES = [f"c{number}" for number in range(8)]
PARAMS = BoosterParams(rounds=12, patience=3, min_data_in_leaf=10, learning_rate=0.2, threads=1)
MATRIX = values(7, rows=600)


def came(matrix: np.ndarray, seed: int) -> np.ndarray:
    """An outcome that is likelier the greater the first two columns are."""
    random = np.random.default_rng(seed)
    score = np.clip(np.nan_to_num(matrix[:, 0] - matrix[:, 1]), -3, 3)
    return (score + random.normal(size=len(matrix)) > 0.5).astype(float)


PAST = Examples(MATRIX[:400], came(MATRIX[:400], 1))
LATER = Examples(MATRIX[400:], came(MATRIX[400:], 2))


@cache
def fitted() -> Booster:
    return fit_booster(PAST, None, NAMES, PARAMS)


@pytest.mark.parametrize(
    ("happened", "share", "rate"),
    [([1, 0, 0, 0], 1.0, 0.25), ([1, 0], 0.1, 1 / 11), ([0, 0], 0.5, 0.0), ([1, 1], 0.5, 1.0)],
)
def test_the_rate_is_that_of_all_rows_present_or_not(happened, share, rate):
    rows = Examples(np.zeros((len(happened), 1)), np.array(happened, float), share)
    assert rows.rate == pytest.approx(rate)


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_with_a_share_of_the_rows_every_score_is_lower_by_its_logarithm(share):
    thin = fit_booster(replace(PAST, share=share), None, NAMES, PARAMS)
    shift = raw_scores(thin, MATRIX) - raw_scores(fitted(), MATRIX)
    assert shift == pytest.approx(np.full(len(MATRIX), log(share)), abs=1e-9)


def test_a_sample_of_those_without_the_outcome_is_made_up_for():
    kept = (PAST.happened > 0) | (np.arange(400) % 4 == 0)
    thin = fit_booster(
        Examples(PAST.matrix[kept], PAST.happened[kept], share=0.25), None, NAMES, PARAMS
    )
    risk = 1 / (1 + np.exp(-raw_scores(thin, PAST.matrix)))
    assert risk.mean() == pytest.approx(PAST.happened.mean(), abs=0.06)


def test_without_later_rows_there_are_as_many_trees_as_asked_for():
    assert fitted().num_trees() == PARAMS.rounds


def test_later_rows_stop_the_trees_that_no_longer_improve_them():
    noise = Examples(LATER.matrix, np.random.default_rng(0).permutation(LATER.happened))
    long = replace(PARAMS, rounds=80)
    booster = fit_booster(PAST, noise, NAMES, long)
    assert booster.best_iteration <= 80 - PARAMS.patience
    # Scores are those of the best trees alone.
    text = load_booster(booster_text(booster))
    assert np.array_equal(raw_scores(text, MATRIX), raw_scores(booster, MATRIX))


def test_what_an_offset_explains_the_trees_do_not_learn_again():
    offset = np.where(PAST.happened > 0, 6.0, -6.0)
    booster = fit_booster(replace(PAST, offset=offset), None, NAMES, PARAMS)
    assert np.abs(raw_scores(booster, PAST.matrix)).max() < 0.1
    assert np.abs(raw_scores(fitted(), PAST.matrix)).max() > 1


@pytest.mark.parametrize("column", [0, 1, 4])
def test_a_rising_column_never_lowers_a_score(column):
    rising = replace(PARAMS, rising=(NAMES[column],))
    booster = fit_booster(PAST, None, NAMES, rising)
    steps = np.repeat(MATRIX[:50, None], 40, axis=1)
    steps[:, :, column] = np.linspace(-4, 4, 40)
    scores = raw_scores(booster, steps.reshape(-1, 8)).reshape(50, 40)
    assert (np.diff(scores, axis=1) >= 0).all()


def test_the_same_rows_give_the_same_text_with_any_number_of_threads():
    again = fit_booster(PAST, None, NAMES, replace(PARAMS, threads=2))
    assert booster_text(again) == booster_text(fitted())
    assert "[num_threads: 0]" in booster_text(fitted())
    assert booster_text(fit_booster(PAST, None, NAMES, replace(PARAMS, seed=1))) != booster_text(
        fitted()
    )


def test_a_booster_comes_back_from_its_text_as_it_was():
    text = booster_text(fitted())
    found = load_booster(text)
    assert np.array_equal(raw_scores(found, MATRIX), raw_scores(fitted(), MATRIX))
    assert found.feature_name() == NAMES
    assert booster_text(found) == text


def test_scores_are_float64_and_a_sum_over_the_trees():
    scores = raw_scores(fitted(), MATRIX)
    assert scores.dtype == np.float64
    parts = [
        np.asarray(fitted().predict(MATRIX, raw_score=True, start_iteration=n, num_iteration=1))
        for n in range(PARAMS.rounds)
    ]
    assert scores == pytest.approx(np.sum(parts, axis=0))


def test_the_mean_score_is_that_of_the_rows_the_trees_grew_on():
    """By hand: each leaf's value, as often as rows came to it."""
    by_hand = sum(
        float((tree.leaf_value * tree.leaf_rows).sum() / tree.leaf_rows.sum())
        for tree in read_trees(booster_text(fitted()))
    )
    assert mean_score(fitted()) == pytest.approx(by_hand)
    assert mean_score(fitted()) == pytest.approx(raw_scores(fitted(), PAST.matrix).mean(), abs=1e-6)


@given(st.integers(0, 599))
def test_contributions_add_up_from_the_mean_score_to_the_score(row):
    one = MATRIX[row : row + 1]
    added = contributions(fitted(), one).astype(np.float64).sum()
    assert mean_score(fitted()) + added == pytest.approx(raw_scores(fitted(), one)[0], abs=1e-5)


def test_the_learner_does_what_its_parts_do():
    booster = LEARNER.fit(PAST, None, NAMES, PARAMS)
    text = LEARNER.to_text(booster)
    assert text == booster_text(fitted())
    again = LEARNER.from_text(text)
    assert np.array_equal(LEARNER.raw_scores(again, MATRIX), raw_scores(fitted(), MATRIX))
    assert np.array_equal(LEARNER.contributions(again, MATRIX), contributions(fitted(), MATRIX))
