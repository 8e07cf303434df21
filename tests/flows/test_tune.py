"""Tuning as people run it: on a home where a company has landed, kept for the next training."""

import json
import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from perdura.flows.cli.render.tuning import print_tuning
from perdura.flows.configuration.dates import midnight
from perdura.flows.settings import Settings
from perdura.flows.steps.training_window import training_dates, training_params, tuned_params
from perdura.flows.train_weekly import train_weekly
from perdura.flows.tune import Retuned, tune_trees
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.store_paths import EXPERIMENT
from perdura.models.tuning.tuned_params import BrokenTuning, keep_tuned
from tests.flows.cli.test_command_line import perdura
from tests.models.tuning.test_tuned_params import FOUND


@pytest.fixture(scope="module")
def home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(trained, tmp_path_factory.mktemp("tune") / "home"))


@pytest.fixture(scope="module")
def done(home: Path) -> Retuned:
    return tune_trees(home=home, trials=3)


def runs(home: Path, asked: str):
    with mlflow_at(home) as client:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment
        return client.search_runs([experiment.experiment_id], asked)


def test_every_trial_is_a_run_in_the_run_of_the_tuning(done, home):
    nested = runs(home, f"tags.`mlflow.parentRunId` = '{done.run_id}'")
    told = {str(run.info.run_name): run.data for run in nested}
    assert sorted(told) == ["trial 0", "trial 1", "trial 2"]
    assert {data.tags["state"] for data in told.values()} == {"complete"}
    for number, tried in enumerate(done.found.tried):
        data = told[f"trial {number}"]
        assert data.metrics["log_loss"] == pytest.approx(tried.log_loss)
        assert float(data.params["lambda_l2"]) == tried.values["lambda_l2"]
    with mlflow_at(home) as client:
        folds = client.get_metric_history(nested[0].info.run_id, "fold.log_loss")
        kept = [file.path for file in client.list_artifacts(done.run_id)]
        assert client.get_run(done.run_id).data.metrics["trials"] == 3
    assert [each.step for each in folds] == list(range(len(done.found.origins)))
    assert kept == ["tuning.json"]


def test_a_person_reads_defaults_beside_best_and_what_changes(done):
    console = Console(width=80, record=True, file=StringIO())
    print_tuning(done, console)
    told = " ".join(console.export_text().split())
    for words in ("defaults", "best", "log loss, mean", "num_leaves", "Nothing known from 2026-0"):
        assert words in told
    assert ("Kept in" in told) is (done.tuned is not None)
    assert ("the defaults stay" in told) is (done.tuned is None)


def test_the_command_goes_on_with_what_was_tried(done, home):
    told = json.loads(perdura("tune", "--trials", "4", "--json", home=home).stdout)
    assert (told["before"], told["trials"]) == (3, 4)
    assert told["defaults.log_loss"] == done.found.defaults.log_loss
    assert told["log_loss"] <= told["defaults.log_loss"]


def test_a_training_grows_as_tuned_and_says_so(home):
    settings = quick(home)
    keep_tuned(FOUND, settings.tuned)
    week = train_weekly(home=home)
    assert week.tuned is not None
    assert week.tuned.startswith("Its trees grow as tuned on 2026-11-03")
    newest = runs(home, "params.`booster.num_leaves` = '9'")[0]
    assert newest.data.params["cause_booster.num_leaves"] == "31"
    assert week.tuned in (Path(newest.info.artifact_uri or "") / "card.md").read_text()


def test_a_training_of_long_ago_does_not_know_what_was_tuned_since(home):
    settings = Settings.at(home)
    keep_tuned(FOUND, settings.tuned)
    events, then = settings.landing.events(), midnight(date(2026, 10, 1))
    before = tuned_params(settings, training_dates(events, then, 36), then)
    assert before.booster == training_params(settings).booster
    assert before.tuned is not None
    assert "not used: rows from 2026-07-01 on are to be judged" in before.tuned


def quick(home: Path) -> Settings:
    """Nobody asks about earlier dates there."""
    with (home / "perdura.toml").open("a") as file:
        file.write("earlier_dates = 0\ncut_days = 0\n")
    return Settings.at(home)


def test_a_broken_file_is_told_and_forgotten_by_command(home):
    file = Settings.at(home).tuned
    file.write_text("{}")
    with pytest.raises(BrokenTuning):
        train_weekly(home=home)
    told = perdura("tune", "--minutes", "0", home=home, ok=False).stderr
    assert "perdura tune --forget" in told
    assert "Traceback" not in told
    assert str(file) in perdura("tune", "--forget", home=home).stdout
    assert not file.exists()
    assert json.loads(perdura("tune", "--forget", "--json", home=home).stdout) == {
        "forgotten": False
    }
