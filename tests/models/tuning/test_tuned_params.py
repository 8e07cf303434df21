"""What tuning found, from one training to the next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from perdura.models.boosting.booster import load_booster
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.training.train import train
from perdura.models.tuning.search_space import values_of
from perdura.models.tuning.tuned_params import (
    BrokenTuning,
    Tuned,
    keep_tuned,
    read_tuned,
    with_tuned_booster,
)
from tests.support.made_up import PARAMS, training_set

FROM = datetime(2026, 8, 1, tzinfo=UTC)
FOUND = Tuned(
    booster=values_of(BoosterParams(num_leaves=9, max_depth=4, learning_rate=0.0712345678901)),
    aim={
        "churn": "contract",
        "lead_days": 0,
        "horizon_days": 30,
        "grace_days": 30,
        "split": "time",
        "contacted": "left_out",
    },
    judged_from=FROM,
    tuned_at=datetime(2026, 11, 3, 9, tzinfo=UTC),
    trials=41,
    rows=162_000,
    digest="0123456789abcdef",
    gain=0.0004,
    error=0.0001,
)


def test_what_was_found_is_read_as_it_was_kept(tmp_path):
    assert read_tuned(tmp_path / "tuned.json") is None
    keep_tuned(FOUND, tmp_path / "data" / "tuned.json")
    assert read_tuned(tmp_path / "data" / "tuned.json") == FOUND
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["tuned.json"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda text: text[:-20], "found"),
        (lambda _: "[]", "found"),
        (lambda _: '{"booster": {}}', "found 'judged_from'"),
        (lambda text: text.replace('"trials"', '"trails"'), "trails"),
        (lambda text: text.replace("max_depth", "deepest"), "max_depth is missing; deepest is not"),
        (lambda text: text.replace('"max_depth": 4', '"max_depth": 9'), "9 is not within 3 to 6"),
        (lambda text: text.replace('"max_depth": 4', '"max_depth": 4.5'), "no whole number"),
        (lambda text: text.replace('"max_depth": 4', '"max_depth": true'), "no whole number"),
        (lambda text: text.replace("+00:00", ""), "without its zone"),
    ],
)
def test_a_broken_or_foreign_file_is_refused_with_what_to_do(tmp_path, broken, said):
    file = tmp_path / "tuned.json"
    keep_tuned(FOUND, file)
    text = file.read_text()
    file.write_text(broken(text))
    assert file.read_text() != text
    with pytest.raises(BrokenTuning, match="perdura tune --forget") as refused:
        read_tuned(file)
    assert said in str(refused.value)


def test_trees_grow_as_tuned_and_those_that_tell_causes_apart_by_the_defaults():
    params = with_tuned_booster(TrainingParams(booster=BoosterParams(seed=7)), FOUND, FROM)
    assert (params.booster.num_leaves, params.booster.max_depth, params.booster.seed) == (9, 4, 7)
    assert params.booster.rounds == BoosterParams().rounds
    assert params.cause_booster == BoosterParams(seed=7)
    assert params.tuned is not None
    assert "tuned on 2026-11-03: 41 trials on 162,000 rows" in params.tuned


@pytest.mark.parametrize(
    ("params", "first_test_date", "said"),
    [
        (TrainingParams(horizon_days=60), FROM, "churn.horizon_days 60, not 30"),
        (TrainingParams(split="subscribers"), FROM, "training.split subscribers, not time"),
        (TrainingParams(), FROM - timedelta(days=1), "was seen when they were found"),
    ],
)
def test_what_was_tuned_for_something_else_or_has_seen_the_judged_rows_is_not_used(
    params, first_test_date, said
):
    told = with_tuned_booster(params, FOUND, first_test_date)
    assert told.booster == params.booster
    assert told.tuned is not None
    assert "not used" in told.tuned
    assert said in told.tuned


def test_a_model_is_fitted_as_tuned_and_its_causes_are_not():
    shallow = replace(FOUND, booster={**FOUND.booster, "max_depth": 3, "num_leaves": 7})
    made = train(training_set(), with_tuned_booster(PARAMS, shallow, None)).model
    assert most_leaves(made.booster_text) <= 7
    assert made.cause_text is not None
    assert most_leaves(made.cause_text) > 7


def most_leaves(text: str) -> int:
    return max(tree["num_leaves"] for tree in load_booster(text).dump_model()["tree_info"])
