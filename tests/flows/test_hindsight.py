"""Which nights are marked as of a model that was fitted on later outcomes: those it is true of."""

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from perdura.flows.score_nightly import FITTED_ON_LATER_OUTCOMES, score_nightly
from perdura.models.registry.champion import load_champion


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    home = shutil.copytree(trained, tmp_path / "home")
    (home / "perdura.toml").write_text("stale_after_days = 60\n")  # and nothing to extract from
    return home


def held_back(home: Path) -> datetime:
    """Make the champion one that was not fitted again; when it stopped to learn."""
    model = load_champion(home)[0]
    for name in ("contract.json", "expansion.json"):
        for file in (home / "mlruns").rglob(name):
            stored = json.loads(file.read_text(encoding="utf-8"))
            if "fitted_until" in stored:
                stored["fitted_until"] = model.evidence_fitted_until.isoformat()
                file.write_text(json.dumps(stored), encoding="utf-8")
    return load_champion(home)[0].knows_until


def marked(home: Path, day: date) -> bool:
    night = score_nightly(day, home)
    assert (FITTED_ON_LATER_OUTCOMES in night.why_degraded) == (
        FITTED_ON_LATER_OUTCOMES in night.degraded
    )
    return FITTED_ON_LATER_OUTCOMES in night.degraded


def test_a_night_is_marked_until_the_moment_at_which_the_model_stopped_to_learn(home):
    until = load_champion(home)[0].knows_until.date()
    assert marked(home, until - timedelta(days=1))
    assert not marked(home, until)


def test_a_champion_that_was_not_fitted_again_marks_only_nights_before_its_own_end(home):
    refitted = load_champion(home)[0]
    assert refitted.evidence_fitted_until < refitted.fitted_until
    until = held_back(home)
    assert until == refitted.evidence_fitted_until
    assert marked(home, until.date() - timedelta(days=1))
    assert not marked(home, until.date())


def test_why_says_until_when_the_model_has_learnt(home):
    until = load_champion(home)[0].knows_until.date()
    night = score_nightly(until - timedelta(days=1), home)
    assert f"what happened before {until}" in night.why_degraded[FITTED_ON_LATER_OUTCOMES]
