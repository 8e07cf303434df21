"""Where a setting comes from, and what is kept for the next command."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.settings import HomeInUse, Settings, keep


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path, monkeypatch):
    assert Settings.at(tmp_path).horizon_days == 30
    (tmp_path / "perdura.toml").write_text("horizon_days = 60\n")
    assert Settings.at(tmp_path).horizon_days == 60
    monkeypatch.setenv("PERDURA_HORIZON_DAYS", "90")
    assert Settings.at(tmp_path).horizon_days == 90


def test_an_unknown_setting_is_refused(tmp_path):
    (tmp_path / "perdura.toml").write_text("horizont_days = 60\n")
    with pytest.raises(ValidationError, match="horizont_days"):
        Settings.at(tmp_path)


def test_a_mappings_settings_are_kept_once_and_then_belong_to_the_owner(tmp_path):
    settings, mapping = Settings.at(tmp_path), Path("my.toml")
    assert keep(settings, mapping, {"churn": "silence", "horizon_days": 273})
    again = Settings.at(tmp_path)
    assert (again.churn, again.horizon_days) == ("silence", 273)
    assert again.mapping == mapping.absolute()
    assert keep(settings, mapping, {"churn": "contract"}) is None
    assert Settings.at(tmp_path).churn == "silence"


def test_a_home_is_not_shared_by_two_businesses(tmp_path):
    keep(Settings.at(tmp_path), Path("mine.toml"), {})
    with pytest.raises(HomeInUse, match="PERDURA_HOME"):
        keep(Settings.at(tmp_path), Path("theirs.toml"), {})


def test_a_wrong_setting_in_a_mapping_writes_nothing(tmp_path):
    with pytest.raises(ValidationError, match="churn"):
        keep(Settings.at(tmp_path), Path("my.toml"), {"churn": "sometimes"})
    assert not (tmp_path / "perdura.toml").exists()
