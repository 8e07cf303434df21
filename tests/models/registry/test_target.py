"""What predicts something else never takes the champion's place; what was refused can be tried."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perdura.models.predictor.target import Question
from perdura.models.promotion.decision import Verdict
from perdura.models.registry.champion import NoChampion, OtherQuestion, load_champion, load_trial
from perdura.models.registry.log_run import log_trained
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.trial import NoTrial, RefusedVersion, best_refused
from perdura.models.training.result import Trained
from tests.support.made_up import trained

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

MONTH = Question(churn="contract", lead_days=0, horizon_days=30, grace_days=30)
TWO_MONTHS = replace(MONTH, horizon_days=60)
QUARTER = replace(MONTH, horizon_days=90)


def for_days(days: int, verdict: Verdict | None = None, payment_share: float = 0.5) -> Trained:
    """A model for so many days, as it would have been logged."""
    made = trained()
    return replace(
        made,
        model=replace(made.model, horizon_days=days, payment_share=payment_share),
        params=replace(made.params, horizon_days=days),
        verdict=verdict or made.verdict,
    )


REFUSED = Verdict(promoted=False, reasons=("Refused: for this test.",))
ALARMED = replace(REFUSED, alarmed=True)


@dataclass(frozen=True)
class Home:
    folder: Path
    logged: dict[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A champion for 60 days, made before there were others; then one for 30; then 90, refused."""
    folder = tmp_path_factory.mktemp("home")
    logged = {
        "two months": log_trained(for_days(60), folder),
        "month": log_trained(for_days(30), folder),
        "quarter": log_trained(for_days(90, REFUSED), folder),
        "quarter again": log_trained(for_days(90, REFUSED, payment_share=0.4), folder),
        "quarter that leaks": log_trained(for_days(90, ALARMED, payment_share=0.3), folder),
    }
    return Home(folder, logged)


def test_a_question_says_where_it_differs_from_another():
    assert TWO_MONTHS.differences(MONTH) == "churn.horizon_days 60, not 30"
    assert MONTH.differences(MONTH) == ""


def test_silence_knows_no_grace():
    quiet = replace(trained().params, churn="silence")
    assert Question.of(quiet) == Question.of(replace(quiet, grace_days=7))


def test_a_home_of_one_question_calls_its_model_churn_whatever_the_question(home):
    assert home.logged["two months"] == "1"
    assert load_champion(home.folder, TWO_MONTHS)[1] == "1"


def test_another_question_is_another_registered_model(home):
    own = "churn-contract-lead0-horizon30-grace30"
    assert home.logged["month"] == f"{own}/1"
    model, version = load_champion(home.folder, MONTH)
    assert (model.horizon_days, version) == (30, f"{own}/1")


def test_the_champion_of_one_question_stays_when_another_is_promoted(home):
    assert load_champion(home.folder) == (for_days(60).model, "1")
    assert load_champion(home.folder, TWO_MONTHS)[0].horizon_days == 60


def test_a_champion_that_predicts_something_else_is_refused_in_words(home):
    found = r"version 1, predicts something else \(churn.horizon_days 60, not 90\)"
    with pytest.raises(OtherQuestion, match=rf"horizon_days 90.*{found}.*perdura score --trial"):
        load_champion(home.folder, QUARTER)
    with pytest.raises(OtherQuestion) as never_trained:
        load_champion(home.folder, replace(MONTH, lead_days=7))
    assert "--trial" not in str(never_trained.value)


def test_a_trial_is_scored_by_a_version_that_was_refused_for_that_question(home):
    model, refused = load_trial(home.folder, QUARTER)
    assert (model.horizon_days, model.payment_share) == (90, 0.4)
    assert refused.version == home.logged["quarter again"]
    assert refused.verdict == "Refused: for this test."


def test_no_trial_takes_the_place_of_a_champion(home):
    with pytest.raises(NoTrial, match=r"version 1 is the champion.*Run perdura score"):
        load_trial(home.folder, TWO_MONTHS)


def test_without_a_version_there_is_nothing_to_try(home, tmp_path):
    for folder in (home.folder, tmp_path):
        with pytest.raises(NoTrial, match="perdura train"):
            load_trial(folder, replace(MONTH, lead_days=7))


def test_where_there_is_no_champion_score_says_that_a_trial_is_possible(tmp_path):
    log_trained(for_days(30, ALARMED), tmp_path)
    with pytest.raises(NoChampion) as none:
        load_champion(tmp_path, MONTH)
    assert "--trial" not in str(none.value)
    with pytest.raises(NoTrial, match="failed the leakage checks"):
        load_trial(tmp_path, MONTH)
    log_trained(for_days(30, REFUSED), tmp_path)
    with pytest.raises(NoChampion, match=r"perdura score --trial.*marked as a trial"):
        load_champion(tmp_path, MONTH)


def refused(version: str, skill: float, *, alarmed: bool = False) -> RefusedVersion:
    return RefusedVersion(version, "Refused.", skill, alarmed, "churn", version)


def test_the_most_skilful_is_tried_and_of_equals_the_newest():
    some = [refused("1", 0.10), refused("2", 0.12), refused("3", 0.12), refused("4", 0.02)]
    assert best_refused(some, MONTH).version == "3"
    leaks = refused("5", 0.80, alarmed=True)
    assert best_refused([*some, leaks], MONTH).version == "3"


def test_a_version_whose_files_are_gone_is_not_tried(tmp_path):
    log_trained(for_days(30, REFUSED), tmp_path)
    for found in [*(tmp_path / "mlruns").rglob("contract.json")]:
        shutil.rmtree(found.parent)
    with pytest.raises(NoTrial, match="files of version 1 are gone"):
        load_trial(tmp_path, MONTH)


def test_what_is_loaded_as_a_trial_is_promoted_by_nothing(home):
    load_trial(home.folder, QUARTER)
    with mlflow_at(home.folder) as client:
        name = QUARTER.model_name
        assert client.get_registered_model(name).aliases == {}


def test_a_version_that_reigned_under_the_same_name_for_another_question_scores_no_missed_night(
    tmp_path,
):
    log_trained(for_days(30), tmp_path)
    between = datetime.now(UTC)
    log_trained(for_days(60), tmp_path)
    as_an_older_version_did(tmp_path, TWO_MONTHS.model_name)
    assert load_champion(tmp_path, TWO_MONTHS)[1] == "2"
    with pytest.raises(OtherQuestion, match="version 1, predicts something else"):
        load_champion(tmp_path, TWO_MONTHS, when=between)
    assert load_champion(tmp_path, when=between)[1] == "1"


def as_an_older_version_did(home: Path, name: str) -> None:
    """Make the version of a model of its own the next champion of ``churn``."""
    with mlflow_at(home) as client:
        own = client.get_model_version(name, "1")
        made = client.create_model_version("churn", str(own.source), own.run_id, tags=own.tags)
        client.set_registered_model_alias("churn", "champion", str(made.version))
        client.delete_registered_model(name)
