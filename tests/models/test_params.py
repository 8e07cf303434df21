"""The parameters of a training: the days until an outcome is known, and the stored booster."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.params import BoosterParams, TrainingParams


@pytest.mark.parametrize(
    ("churn", "lead", "horizon", "grace", "gap"),
    [
        ("contract", 0, 30, 30, 60),
        ("contract", 7, 30, 0, 37),
        ("contract", 0, 1, 0, 1),
        ("silence", 0, 90, 30, 90),
        ("silence", 7, 90, 30, 97),
    ],
)
def test_an_outcome_is_known_after_lead_window_and_grace(churn, lead, horizon, grace, gap):
    params = TrainingParams(churn=churn, lead_days=lead, horizon_days=horizon, grace_days=grace)
    assert params.gap_days == gap


@given(
    rate=st.floats(0.001, 1),
    leaves=st.integers(2, 255),
    rising=st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple),
)
def test_a_booster_comes_back_from_the_json_of_a_recipe(rate, leaves, rising):
    booster = BoosterParams(learning_rate=rate, num_leaves=leaves, rising=rising, threads=2)
    stored = json.loads(json.dumps(asdict(booster)))
    assert BoosterParams.from_json(stored) == booster


def test_a_stored_booster_with_an_unknown_parameter_is_not_read():
    stored = {**asdict(BoosterParams()), "bagging": 0.5}
    with pytest.raises(TypeError, match="bagging"):
        BoosterParams.from_json(stored)
    with pytest.raises(KeyError):
        BoosterParams.from_json({"rounds": 3})


def test_parameters_are_values():
    assert TrainingParams() == TrainingParams(booster=BoosterParams())
    assert replace(TrainingParams(), calls=1) != TrainingParams()
    params: Any = TrainingParams()
    with pytest.raises(AttributeError):
        params.calls = 3
