"""A training of few people and few trees, fitted once in a third of a second: for its reports."""

from dataclasses import replace
from functools import cache

from perdura.models.training.result import Trained
from perdura.models.training.train import train
from tests.support.made_up import PARAMS, training_set

SMALL_PARAMS = replace(PARAMS, booster=replace(PARAMS.booster, rounds=8, min_data_in_leaf=10))


@cache
def small_training() -> Trained:
    """Of 120 people at ten dates; refused, as nearly nothing is learnt from so few."""
    return train(training_set(people=120, dates=10), SMALL_PARAMS)
