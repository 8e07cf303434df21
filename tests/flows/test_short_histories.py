"""Short histories of leaving, from the files to a table: what a stranger reads, and what helps."""

from pathlib import Path

import pytest

from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings
from perdura.flows.steps.extract_sources import extract_sources
from perdura.flows.train_weekly import train_weekly
from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn
from perdura.risk.table import read
from tests.support.short_histories import EXPORTED, History, write_history


def landed(folder: Path, history: History, **settings: str) -> Path:
    """A home with the company's file, and settings beyond what its mapping says."""
    home = folder / "home"
    extract_sources(write_history(folder / "files", history), EXPORTED, home)
    file = home / "perdura.toml"
    lines = [f"{name} = {value}" for name, value in settings.items()]
    file.write_text("\n".join([*lines, file.read_text(encoding="utf-8")]), encoding="utf-8")
    return home


def test_four_months_of_leavers_get_a_table_once_other_people_judge(tmp_path):
    home = landed(tmp_path / "by time", History())
    with pytest.raises(HistoryTooShort) as refused:
        train_weekly(home=home)
    said = str(refused.value)
    assert "found 3 dates with known outcomes, 2019-10-01 to 2019-12-01" in said
    assert "split = 'subscribers'" in said
    assert "The first cancellation on record is of 2019-10-01" in said

    home = landed(tmp_path / "by people", History(), split="'subscribers'")
    trained = train_weekly(home=home)
    assert trained.metrics["model"]["roc_auc"] > 0.7
    assert trained.metrics["model"]["calibration_error"] < 0.04
    assert "Earlier dates are left out" in trained.notes[0]
    assert trained.trial is not trained.promoted
    night = score_nightly(EXPORTED, home, trial=not trained.promoted)
    assert night.rows > 5_000
    assert len(read(Settings(home=home).risk_url, top=100)) == 100


def test_a_mapping_without_leavers_is_told_so(tmp_path):
    home = landed(tmp_path, History(customers=500, ends=False))
    with pytest.raises(NotEnoughChurn) as refused:
        train_weekly(home=home)
    assert "no event `ended` or `cancel_scheduled` has landed in subscriptions" in str(
        refused.value
    )


def test_a_handful_of_leavers_is_told_which_window_would_do(tmp_path):
    home = landed(tmp_path, History(rate=0.0012), split="'subscribers'")
    with pytest.raises(NotEnoughChurn) as refused:
        train_weekly(home=home)
    assert "Likely cause: too few leavers" in str(refused.value)
    assert "horizon_days = 90 (now 30)" in str(refused.value)
