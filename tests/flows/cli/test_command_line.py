"""The command line as people and machines use it: real processes, real output."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

NIGHT = "2026-11-01"


def perdura(*words: str, home: Path, ok: bool = True, **env: str) -> subprocess.CompletedProcess:
    """What ``perdura WORDS`` says, in ``home``."""
    done = subprocess.run(
        [sys.executable, "-m", "perdura.flows.cli.app", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PERDURA_HOME": str(home), "COLUMNS": "120"} | env,
    )
    assert (done.returncode == 0) is ok, done.stderr
    return done


@pytest.fixture(scope="module")
def home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(trained, tmp_path_factory.mktemp("line") / "home")


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path):
    heavy = "{'polars', 'pandas', 'prefect', 'mlflow', 'lightgbm', 'sqlalchemy', 'pydantic'}"
    code = (
        "import sys\nfrom perdura.flows.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', sorted({heavy} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    ).stdout
    assert "heavy: []" in told
    for command in (
        "demo",
        "simulate",
        "extract",
        "train",
        "tune",
        "effect",
        "score",
        "risk",
        "schedule",
        "serve",
        "token",
        "webhooks",
        "push",
        "mcp",
    ):
        assert command in told


@pytest.mark.usefixtures("without_earlier_dates")
def test_simulate_extract_train_score_and_risk_speak_json(tmp_path):
    company = tmp_path / "company"
    made = json.loads(
        perdura(
            "simulate", "--subscribers", "1000", "--months", "12", "--out", str(company), "--json",
            home=tmp_path,
        ).stdout
    )  # fmt: skip
    assert made["until"] == NIGHT
    asked = ["extract", "--mapping", made["mapping"], "--until", NIGHT, "--json"]
    extracted = json.loads(perdura(*asked, home=tmp_path).stdout)
    assert {table["table"] for table in extracted["tables"]} >= {"payments", "tickets"}
    trained = json.loads(perdura("train", "--json", home=tmp_path).stdout)
    assert trained["version"] == "1"
    assert {"model", "constant", "own_rate", "recency", "logistic"} <= trained["metrics"].keys()
    assert 0.5 < trained["metrics"]["model"]["roc_auc"] < 1
    assert trained["promoted"] is True
    assert trained["rows"]["left_out_rows"] > 0
    scored = json.loads(perdura("score", "--on", NIGHT, "--json", home=tmp_path).stdout)
    assert scored["scored_on"] == NIGHT
    assert scored["model_version"] == "1"
    assert scored["seconds"].keys() >= {"extract", "states", "features", "reasons", "publish"}
    risky = json.loads(perdura("risk", "--top", "3", "--json", home=tmp_path).stdout)
    assert [row["rank"] for row in risky] == [1, 2, 3]
    assert all(row["reasons"] for row in risky)
    due = json.loads(perdura("risk", "--offers", "--json", home=tmp_path).stdout)
    assert {row["advice"] for row in due} <= {"offer"}
    assert [row["offer"] for row in due] == sorted((row["offer"] for row in due), reverse=True)
    assert "ffer" in perdura("risk", "--offers", home=tmp_path).stdout


def test_what_is_wrong_is_said_in_words_without_a_traceback(tmp_path):
    for words, said in [
        (("score", "--on", NIGHT), "perdura train"),
        (("train",), "perdura extract"),
        (("risk",), "nothing has been published"),
        (("extract", "--mapping", "nowhere.toml"), "no mapping file at nowhere.toml"),
    ]:
        told = perdura(*words, home=tmp_path, ok=False).stderr
        assert said in told
        assert "Traceback" not in told


def test_the_version_is_printed(tmp_path):
    told = perdura("--version", home=tmp_path).stdout
    assert told == f"perdura {version('perdura')}\n"


def test_what_is_no_date_is_named_with_how_to_write_one(tmp_path):
    for words in (("score",), ("risk",), ("risk", "accounts")):
        told = perdura(*words, "--on", "yesterday", home=tmp_path, ok=False).stderr
        assert "'yesterday' is no date; write it as 2026-11-30" in " ".join(told.split())


def test_a_setting_that_means_nothing_is_named(tmp_path):
    told = perdura("risk", home=tmp_path, ok=False, PERDURA_HORIZON_DAYS="soon").stderr
    assert "setting churn.horizon_days (in perdura.toml, or PERDURA_CHURN__HORIZON_DAYS; " in told
    told = perdura("risk", home=tmp_path, ok=False, PERDURA_RISK_ULR="sqlite:///x.db").stderr
    assert "did you mean PERDURA_RISK_TABLE__URL?" in told
    assert "Traceback" not in told
    for words in (("score",), ("schedule",), ("serve",)):
        told = perdura(*words, home=tmp_path, ok=False, PERDURA_ACTIONS="none.toml").stderr
        assert f"setting support.actions names {Path.cwd()}/none.toml, which does not exist" in told
    (tmp_path / "perdura.toml").write_text("horzion_days = 30\n")
    assert "did you mean churn.horizon_days?" in perdura("risk", home=tmp_path, ok=False).stderr


def test_the_demo_shows_who_may_leave_and_where_everything_lies(tmp_path):
    told = perdura("demo", "--subscribers", "1000", "--months", "12", home=tmp_path)
    for words in (
        "rows were left out: support had contacted these people",
        "The risk table",
        "The MLflow store",
        "perdura risk",
        "mlflow ui",
    ):
        assert words in told.stdout
    assert "Warning" not in told.stdout + told.stderr
    assert (tmp_path / "mlruns" / "mlflow.db").exists()
    assert (tmp_path / "data" / "risk.db").exists()


@pytest.mark.usefixtures("without_earlier_dates")
def test_the_demo_speaks_json(tmp_path):
    asked = ["demo", "--subscribers", "1000", "--months", "12", "--json"]
    told = json.loads(perdura(*asked, home=tmp_path).stdout)
    assert told["train"]["promoted"] is True
    assert told["score"]["scored_on"] == NIGHT
    assert [row["rank"] for row in told["riskiest"]] == list(range(1, 16))


def test_the_demo_leaves_another_business_alone(tmp_path):
    (tmp_path / "perdura.toml").write_text('mapping = "mine.toml"\n')
    assert "PERDURA_HOME" in perdura("demo", home=tmp_path, ok=False).stderr
    assert not (tmp_path / "data").exists()
