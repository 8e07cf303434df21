"""When tuned parameters are used, and what is said where they are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.tuning.tuned_params import keep_tuned, read_tuned, tuned_by, with_tuned_booster
from tests.models.tuning.test_trials import FIRST, GAINED, tuning
from tests.models.tuning.test_tuned_params import FOUND, FROM

PARAMS = TrainingParams()


def test_what_a_tuning_found_is_kept_with_what_it_was_found_for(tmp_path):
    moment = datetime(2026, 11, 3, 9, 30, 15, 123456, tzinfo=UTC)
    found = tuned_by(tuning(FIRST, GAINED), moment)
    assert found.booster == GAINED.values
    assert (found.gain, found.error, found.trials) == (0.02, 0.01, 2)
    assert found.aim == {
        "churn": "contract",
        "lead_days": 0,
        "horizon_days": 30,
        "grace_days": 30,
        "split": "time",
        "contacted": "left_out",
    }
    keep_tuned(found, tmp_path / "tuned.json")
    assert read_tuned(tmp_path / "tuned.json") == found


def test_a_file_is_replaced_whole(tmp_path):
    keep_tuned(FOUND, tmp_path / "tuned.json")
    keep_tuned(replace(FOUND, trials=7), tmp_path / "tuned.json")
    assert read_tuned(tmp_path / "tuned.json") == replace(FOUND, trials=7)
    assert [file.name for file in tmp_path.iterdir()] == ["tuned.json"]


@pytest.mark.parametrize(
    ("trials", "rows", "said"),
    [(1, 1, "1 trial on 1 row, with"), (41, 162_000, "41 trials on 162,000 rows, with")],
)
def test_where_they_are_used_it_says_how_they_were_found(trials, rows, said):
    found = with_tuned_booster(PARAMS, replace(FOUND, trials=trials, rows=rows), FROM)
    assert str(found.tuned).startswith(f"Its trees grow as tuned on 2026-11-03: {said} nothing")
    assert found.booster.num_leaves == 9
    assert found.cause_booster == BoosterParams()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"churn": "silence"}, "churn.rule silence, not contract"),
        ({"lead_days": 7}, "churn.lead_days 7, not 0"),
        ({"horizon_days": 60}, "churn.horizon_days 60, not 30"),
        ({"grace_days": 0}, "churn.grace_days 0, not 30"),
        ({"split": "subscribers"}, "training.split subscribers, not time"),
        ({"contacted": "features"}, "training.contacted features, not left_out"),
        (
            {"horizon_days": 60, "grace_days": 0},
            "churn.horizon_days 60, not 30, churn.grace_days 0, not 30 as it had then",
        ),
    ],
)
def test_for_another_question_the_defaults_stay_and_the_setting_is_named(changed, said):
    found = with_tuned_booster(replace(PARAMS, **changed), FOUND, FROM)
    assert said in str(found.tuned)
    assert found.booster == BoosterParams()
    assert found.cause_booster is None


@pytest.mark.parametrize(("days", "used"), [(-1, False), (0, True), (1, True)])
def test_dates_that_tuning_has_seen_cannot_evaluate_it(days, used):
    found = with_tuned_booster(PARAMS, FOUND, FROM + timedelta(days=days))
    assert str(found.tuned).startswith("Its trees grow" if used else "The tuned parameters are not")


def test_without_a_test_date_there_is_nothing_they_could_have_seen():
    assert with_tuned_booster(PARAMS, FOUND, None).booster.num_leaves == 9
