"""What needs no Prefect to be refused is refused before its server starts: real commands."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from perdura.flows.settings import Settings
from perdura.models.registry.log_run import log_trained
from tests.support.made_up import trained
from tests.support.made_up_nights import publish_night
from tests.support.schedule_served import environment, run

MAPPING = '[subscriptions]\nfiles = ["subscriptions.csv"]\nid = "id"\n'
NIGHT = date(2026, 11, 1)


def refused(home: Path, *words: str, **settings: str) -> str:
    """What a command says that refuses: no server was started, nor anything but words printed."""
    done = run([*words], environment(home, **settings))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Prefect" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "data" / "prefect" / "prefect.db").exists()
    return done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("score",), "no model has been promoted there yet"),
        (("score", "--trial"), "no version has been trained yet"),
        (("score", "--on", "2099-01-01"), "give a day that has come"),
        (("train",), "run `perdura extract` first"),
        (("train", "--until", "2026-01-01"), "run `perdura extract` first"),
        (("backtest",), "run `perdura extract` first"),
        (("tune",), "run `perdura extract` first"),
        (("effect",), "run `perdura extract` first"),
        (("states",), "nothing has been published"),
        (("states", "--no-ask"), "nothing has been published"),
        (("risk",), "begin with `perdura init`, or see `perdura demo`"),
        (("train",), "begin with `perdura init`, or see `perdura demo`"),
        (("extract", "--mapping", "nowhere.toml"), "no mapping file at nowhere.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_empty_home_is_refused_at_once(tmp_path, words, said):
    assert said in refused(tmp_path, *words)


def test_an_extract_of_a_day_to_come_or_into_another_home_is_refused_at_once(company, tmp_path):
    mapping = ("extract", "--mapping", str(company / "mapping.toml"))
    assert "give a day that has come" in refused(tmp_path, *mapping, "--until", "2099-01-01")
    (tmp_path / "perdura.toml").write_text('mapping = "mine.toml"\n', encoding="utf-8")
    assert "this home belongs to" in refused(tmp_path, *mapping, "--until", "2026-11-01")


def test_a_demonstration_where_another_business_is_is_refused_at_once(tmp_path):
    elsewhere = {"PERDURA_RISK_URL": "postgresql://perdura@db/risk"}
    assert "would publish simulated people" in refused(tmp_path, "demo", **elsewhere)
    (tmp_path / "perdura.toml").write_text('mapping = "mine.toml"\n', encoding="utf-8")
    assert "this home belongs to" in refused(tmp_path, "demo")


@pytest.fixture(scope="module")
def with_champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion. Copy it to change it."""
    home = tmp_path_factory.mktemp("champion") / "home"
    assert log_trained(trained(), home) == "1"
    return home


@pytest.fixture
def champion(with_champion: Path, tmp_path: Path) -> Path:
    return shutil.copytree(with_champion, tmp_path / "home")


def test_a_trial_where_there_is_a_champion_is_refused_at_once(champion):
    assert "version 1 is the champion" in refused(champion, "score", "--trial")


def test_a_champion_that_answers_another_question_is_refused_at_once(champion):
    told = refused(champion, "score", PERDURA_HORIZON_DAYS="90")
    assert "predicts something else" in told


def test_a_champion_whose_files_are_gone_is_refused_at_once(champion):
    shutil.rmtree(champion / "mlruns" / "artifacts")
    assert "its files are not in" in refused(champion, "score")


def test_a_trial_of_a_night_that_a_champion_has_scored_is_refused_at_once(tmp_path):
    publish_night(Settings(home=tmp_path).risk_url, NIGHT, {"ann": "high"})
    told = refused(tmp_path, "score", "--trial", "--on", str(NIGHT))
    assert "a trial never replaces it" in told


def test_a_night_of_which_nothing_was_read_is_refused_at_once(champion):
    assert "nothing has been extracted into" in refused(champion, "score")
