"""Where a setting comes from, and what is kept for the next command."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.settings import HomeInUse, PasswordInFile, Settings, keep


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


def test_the_risk_table_is_a_file_of_the_home_unless_another_is_named(tmp_path, monkeypatch):
    assert Settings.at(tmp_path).risk_url == f"sqlite:///{tmp_path}/data/risk.db"
    (tmp_path / "perdura.toml").write_text('risk_url = "postgresql://ann@db/risk"\n')
    assert Settings.at(tmp_path).risk_url == "postgresql://ann@db/risk"
    monkeypatch.setenv("PERDURA_RISK_URL", "postgresql://ann:geheim@db/risk")
    assert Settings.at(tmp_path).risk_url == "postgresql://ann:geheim@db/risk"
    assert "geheim" not in repr(Settings.at(tmp_path))


@pytest.mark.parametrize(
    "url", ["postgresql://ann:geheim@db/risk", "postgresql://ann@db/risk?password=geheim"]
)
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path, url):
    (tmp_path / "perdura.toml").write_text(f'risk_url = "{url}"\n')
    with pytest.raises(PasswordInFile, match="set PERDURA_RISK_URL in the environment") as caught:
        Settings.at(tmp_path)
    assert "geheim" not in str(caught.value)


def test_a_wrong_setting_is_not_repeated_either(tmp_path, monkeypatch):
    monkeypatch.setenv("PERDURA_KEEP_NIGHTS_MONTHS", "geheim")
    with pytest.raises(ValidationError, match="keep_nights_months") as caught:
        Settings.at(tmp_path)
    assert "geheim" not in str(caught.value)


def test_the_demonstration_publishes_no_simulated_people_to_a_server(tmp_path, monkeypatch):
    from flows.demo import run_demo

    monkeypatch.setenv("PERDURA_HOME", str(tmp_path))
    monkeypatch.setenv("PERDURA_RISK_URL", "postgresql://support:secret@db/risk")
    with pytest.raises(HomeInUse, match=r"simulated people to postgresql://support:\*\*\*@db/risk"):
        run_demo(subscribers=10, months=12)
    assert not list(tmp_path.iterdir())
