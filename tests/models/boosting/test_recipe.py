"""Recipes: how trees grow, whatever machine they grow on; and read from old models."""

import json
from dataclasses import replace

import numpy as np
import pytest

from perdura.models.boosting.booster import Examples, booster_text, fit_booster
from perdura.models.boosting.recipe import Recipe, read_recipe
from perdura.models.params import BoosterParams, TrainingParams
from tests.support.boosters import values

BOOSTER = BoosterParams(
    learning_rate=0.0625,
    rounds=7,
    patience=5,
    max_depth=3,
    num_leaves=6,
    min_data_in_leaf=11,
    feature_fraction=0.75,
    lambda_l2=1.5,
    rising=("c1", "c3"),
    seed=9,
    threads=1,
)
CAUSE = replace(BOOSTER, rounds=4, num_leaves=3, rising=())
NAMES = [f"c{number}" for number in range(8)]


def text_of(params: BoosterParams) -> str:
    matrix = values(1, rows=200)
    happened = (np.nan_to_num(matrix[:, 0]) > 0.5).astype(float)
    return booster_text(fit_booster(Examples(matrix, happened), None, NAMES, params))


@pytest.mark.parametrize("cause", [None, CAUSE])
def test_a_recipe_is_of_no_machine_and_is_applied_to_the_threads_of_another(cause):
    recipe = Recipe.of(TrainingParams(booster=BOOSTER, cause_booster=cause))
    assert recipe.booster == replace(BOOSTER, threads=0)
    params = TrainingParams(calls=7, booster=BoosterParams(threads=2))
    applied = recipe.applied_to(params)
    assert applied.booster == replace(BOOSTER, threads=2)
    assert applied.cause_booster == (cause and replace(cause, threads=2))
    assert applied.calls == 7
    assert Recipe.of(applied) == recipe


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Recipe(booster=BOOSTER), True),
        (Recipe(booster=replace(BOOSTER, seed=1)), True),
        (Recipe(booster=replace(BOOSTER, rounds=8)), False),
        (Recipe(booster=replace(BOOSTER, rising=("c3", "c1"))), False),
        (Recipe(booster=BOOSTER, cause_booster=CAUSE), False),
    ],
)
def test_recipes_are_the_same_but_for_the_seed(other, same):
    recipe = Recipe(booster=BOOSTER)
    assert recipe.same_as(other) == other.same_as(recipe) == same


def test_recipes_with_trees_for_the_cause_are_compared_in_both():
    recipe = Recipe(booster=BOOSTER, cause_booster=CAUSE)
    assert recipe.same_as(replace(recipe, cause_booster=replace(CAUSE, seed=3)))
    assert not recipe.same_as(replace(recipe, cause_booster=replace(CAUSE, rounds=3)))


@pytest.mark.parametrize("cause", [None, CAUSE])
def test_a_recipe_comes_back_from_json_as_it_was(cause):
    recipe = Recipe(booster=BOOSTER, cause_booster=cause)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert Recipe.from_json(None) is None


def test_a_recipe_is_read_from_the_text_of_the_trees_but_for_the_patience():
    assumed = BoosterParams().patience
    found = read_recipe(text_of(BOOSTER), text_of(CAUSE))
    assert found == Recipe(
        booster=replace(BOOSTER, patience=assumed, threads=0),
        cause_booster=replace(CAUSE, patience=assumed, threads=0),
    )


def test_trees_for_the_cause_that_grew_alike_are_no_recipe_of_their_own():
    text = text_of(BOOSTER)
    assert read_recipe(text, text).cause_booster is None
    assert read_recipe(text, None).cause_booster is None
