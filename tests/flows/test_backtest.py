"""The backtest as people run it: on a home where a company has landed, kept in MLflow."""

import shutil
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from perdura.flows.backtest import Backtested, backtest_history
from perdura.flows.cli.render.runs import print_backtest
from perdura.models.registry.mlflow_store import mlflow_at


@pytest.fixture(scope="module")
def home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(trained, tmp_path_factory.mktemp("backtest") / "home"))


@pytest.fixture(scope="module")
def done(home: Path) -> Backtested:
    return backtest_history(home=home, origins=2)


def test_the_model_beats_the_constant_rate_at_every_origin(done):
    loss = done.found.overall.filter(metric="log_loss").pivot(
        "who", index="origin", values="stated"
    )
    assert loss.height == 2
    assert loss.select((pl.col("model") < pl.col("constant")).all()).item()


def test_segments_are_those_that_support_thinks_in(done):
    assert set(done.found.segments["group"]) == {
        "cause", "plan", "interval_months", "country", "tenure", "renewal",
    }  # fmt: skip


def test_mlflow_keeps_the_numbers_by_origin_the_card_and_the_picture(done, home):
    with mlflow_at(home) as client:
        kept = [file.path for file in client.list_artifacts(done.run_id)]
        auc = client.get_metric_history(done.run_id, "roc_auc")
        assert not client.search_model_versions(f"run_id = '{done.run_id}'")
    assert kept == ["backtest.html", "backtest.md", "backtest.png", "overall.csv", "segments.csv"]
    assert [each.step for each in auc] == [0, 1]


def test_a_person_reads_each_number_with_its_interval(done):
    console = Console(width=80, record=True, file=StringIO())
    print_backtest(done, console)
    told = console.export_text()
    assert "Trained at each of 2 dates, evaluated on what followed" in told
    rows = [line for line in told.splitlines() if line.strip().startswith("2026-")]
    assert [line.count("(") for line in rows] == [3, 3]
