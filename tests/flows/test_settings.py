"""Where a setting comes from, and what is kept for the next command."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from perdura.flows.configuration.environment import NO_SETTINGS, UnknownVariable, variable_of
from perdura.flows.configuration.groups import RiskTableSettings
from perdura.flows.configuration.home_file import BadSettingsFile, PasswordInFile
from perdura.flows.configuration.setting_names import (
    GROUPS,
    NAMES,
    RENAMED,
    SCHEDULE_PROCESS,
    SetTwice,
)
from perdura.flows.configuration.setting_values import NoSuchFile, refuse_missing
from perdura.flows.settings import BadMappingSettings, HomeInUse, Settings, keep, mistakes


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path, monkeypatch):
    assert Settings.at(tmp_path).churn.horizon_days == 30
    (tmp_path / "perdura.toml").write_text("horizon_days = 60\n")
    assert Settings.at(tmp_path).churn.horizon_days == 60
    monkeypatch.setenv("PERDURA_HORIZON_DAYS", "90")
    assert Settings.at(tmp_path).churn.horizon_days == 90


def test_an_unknown_setting_is_refused(tmp_path):
    (tmp_path / "perdura.toml").write_text("horizont_days = 60\n")
    with pytest.raises(ValidationError, match="horizont_days"):
        Settings.at(tmp_path)


def test_a_mappings_settings_are_kept_once_and_then_belong_to_the_owner(tmp_path):
    settings, mapping = Settings.at(tmp_path), Path("my.toml")
    assert keep(settings, mapping, {"churn": "silence", "horizon_days": 273})
    again = Settings.at(tmp_path)
    assert (again.churn.rule, again.churn.horizon_days) == ("silence", 273)
    assert again.mapping == mapping.absolute()
    assert keep(settings, mapping, {"churn": "contract"}) is None
    assert Settings.at(tmp_path).churn.rule == "silence"


def test_a_home_is_not_shared_by_two_businesses(tmp_path):
    keep(Settings.at(tmp_path), Path("mine.toml"), {})
    with pytest.raises(HomeInUse, match="PERDURA_HOME"):
        keep(Settings.at(tmp_path), Path("theirs.toml"), {})


def test_a_wrong_setting_in_a_mapping_writes_nothing(tmp_path):
    wrong = {"churn": {"horzon_days": 30}}
    found = (
        r"setting churn.horzon_days \(in \[settings\] of my.toml\): there is no such setting; did"
    )
    with pytest.raises(BadMappingSettings, match=found):
        keep(Settings.at(tmp_path), Path("my.toml"), wrong)
    with pytest.raises(BadMappingSettings, match="setting churn"):
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
    with pytest.raises(PasswordInFile, match="set PERDURA_RISK_TABLE__URL in the env") as caught:
        Settings.at(tmp_path)
    assert "geheim" not in str(caught.value)


def test_a_wrong_setting_is_not_repeated_either(tmp_path, monkeypatch):
    monkeypatch.setenv("PERDURA_KEEP_NIGHTS_MONTHS", "geheim")
    with pytest.raises(ValidationError, match="keep_nights_months") as caught:
        Settings.at(tmp_path)
    assert "geheim" not in str(caught.value)


def test_the_demonstration_publishes_no_simulated_people_to_a_server(tmp_path, monkeypatch):
    from perdura.flows.cli.demo import run_demo

    monkeypatch.setenv("PERDURA_HOME", str(tmp_path))
    monkeypatch.setenv("PERDURA_RISK_URL", "postgresql://support:secret@db/risk")
    with pytest.raises(HomeInUse, match=r"simulated people to postgresql://support:\*\*\*@db/risk"):
        run_demo(subscribers=10, months=12)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PERDURA_RISK_ULR", "did you mean PERDURA_RISK_TABLE__URL?"),
        ("perdura_horizon", "did you mean PERDURA_CHURN__HORIZON_DAYS?"),
        ("PERDURA_WEBHOOK_SECRETS", "did you mean PERDURA_WEBHOOK_SECRET?"),
        ("PERDURA_XQZW", "no such setting; correct"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_name(tmp_path, monkeypatch, name, nearest):
    monkeypatch.setenv(name, "geheim")
    with pytest.raises(UnknownVariable, match=re.escape(nearest)) as caught:
        Settings.at(tmp_path)
    assert name in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_variables_that_are_no_settings_are_those_that_the_code_reads():
    code = "".join(
        file.read_text()
        for folder in ("flows", "risk", "sources")
        for file in Path(folder).rglob("*.py")
    )
    read = set(re.findall(r"[\"']PERDURA_([A-Z_]+)[\"']", code)) - {"HOME"}
    assert read == set(NO_SETTINGS)


def test_what_a_container_is_told_of_its_services_is_let_be(tmp_path, monkeypatch):
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8000_TCP_ADDR", "API_PORT"):
        monkeypatch.setenv(f"PERDURA_{name}", "10.0.0.5")
    monkeypatch.setenv("perdura_seed", "7")
    assert Settings.at(tmp_path).training.seed == 7


@pytest.mark.parametrize("written", ["zendesk, intercom", '["zendesk", "intercom"]'])
def test_a_list_is_written_with_commas_or_as_json(tmp_path, monkeypatch, written):
    monkeypatch.setenv("PERDURA_PUSH", written)
    assert Settings.at(tmp_path).integrations.push == ("zendesk", "intercom")
    monkeypatch.setenv("PERDURA_PUSH", "zendesk")
    assert Settings.at(tmp_path).integrations.push == ("zendesk",)
    (tmp_path / "perdura.toml").write_text('never_named = "country"\n')
    assert Settings.at(tmp_path).risk_table.never_named == ("country",)


@pytest.mark.parametrize(
    ("setting", "value", "todo"),
    [
        ("push", '["zendesk"', 'write a, b or ["a", "b"]'),
        ("push", "zendsk", "'zendesk' or 'intercom'"),
        ("webhooks", "hooks.example/geheim", "write https://HOST/PATH"),
        ("zendesk_url", "acme.zendesk.com", "write https://HOST/PATH"),
        ("intercom_url", "https://api:port", "its host or port cannot be read"),
        ("cluster", "10.0.0.5", "write local, or tcp://HOST:8786"),
        ("cors_origins", "https://desk.example/page", "without a path"),
        ("risk_url", "postgre://ann:geheim@db/risk", "sqlite:///FILE or postgresql://"),
        ("risk_url", "postgresql://ann:geheim@db:port/risk", "is no address"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_what_to_write(
    tmp_path, monkeypatch, setting, value, todo
):
    monkeypatch.setenv(f"PERDURA_{setting.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        Settings.at(tmp_path)
    words = mistakes(caught.value)
    named = f"{RENAMED[setting]} (in perdura.toml, or {variable_of(RENAMED[setting])}; formerly "
    assert words.startswith(f"setting {named}{setting}): ")
    assert todo in words
    assert "geheim" not in words


def test_a_key_that_is_written_twice_is_named_with_file_and_line(tmp_path):
    file = tmp_path / "perdura.toml"
    file.write_text("horizon_days = 30\nseed = 1\nhorizon_days = 60\n")
    with pytest.raises(BadSettingsFile, match="line 3 sets horizon_days a second time") as caught:
        Settings.at(tmp_path)
    assert str(file) in str(caught.value)
    for broken in (b"seed = \n", b"\xff\xfe"):
        file.write_bytes(broken)
        with pytest.raises(BadSettingsFile, match=re.escape(str(file))):
            Settings.at(tmp_path)


def test_a_setting_that_names_a_file_names_one_that_is_there(tmp_path):
    there = tmp_path / "there.toml"
    there.touch()
    refuse_missing([("mapping", there), ("actions", None)])
    for wrong, found in ((tmp_path / "nowhere.toml", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(NoSuchFile, match=f"setting actions names {wrong}, which {found}"):
            refuse_missing([("actions", wrong)])


def test_flat_names_of_0_1_stand_for_those_in_groups(tmp_path, monkeypatch):
    file = tmp_path / "perdura.toml"
    file.write_text('churn = "silence"\nhold_out = 0.2\nstep_days = 7\nnever_named = ["country"]\n')
    flat = Settings.at(tmp_path)
    file.write_text(
        "training.step_days = 7\n"
        '[churn]\nrule = "silence"\n'
        "[support]\ncontrol_group = 0.2\n"
        '[risk_table]\nnever_named = ["country"]\n'
    )
    assert Settings.at(tmp_path) == flat
    monkeypatch.setenv("PERDURA_CHURN", "contract")  # the old name beside one of the group
    monkeypatch.setenv("PERDURA_CHURN__GRACE_DAYS", "9")
    monkeypatch.setenv("PERDURA_HOLD_OUT", "0.3")
    again = Settings.at(tmp_path)
    assert (again.churn.rule, again.churn.grace_days) == ("contract", 9)
    assert (again.support.control_group, again.training.step_days) == (0.3, 7)


@pytest.mark.parametrize("old", RENAMED)
def test_every_flat_name_is_one_of_a_group(old):
    assert RENAMED[old] in NAMES
    assert old not in NAMES


def test_every_setting_is_in_a_group_or_needed_everywhere():
    assert set(Settings.model_fields) == {*GROUPS, "home", "mapping", "language"}
    assert all(type(getattr(Settings(), name)) is group for name, group in GROUPS.items())


def test_an_old_name_is_told_its_new_one_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("perdura.flows.configuration.setting_names._reported", set())
    file = tmp_path / "perdura.toml"
    file.write_text("horizon_days = 60\n")
    monkeypatch.setenv("PERDURA_SEED", "7")
    Settings.at(tmp_path)
    said = capsys.readouterr().err
    assert f"perdura: {file} has old names, which keep working: " in said
    assert ": horizon_days is now churn.horizon_days\n" in said
    assert "PERDURA_SEED is now PERDURA_TRAINING__SEED\n" in said
    Settings.at(tmp_path)
    monkeypatch.setenv(SCHEDULE_PROCESS, "1")  # the schedule has told it
    file.write_text("grace_days = 60\n")
    Settings.at(tmp_path)
    assert capsys.readouterr().err == ""


def test_a_setting_with_two_names_has_one_value(tmp_path, monkeypatch):
    file = tmp_path / "perdura.toml"
    file.write_text("horizon_days = 60\n[churn]\nhorizon_days = 60\n")
    assert Settings.at(tmp_path).churn.horizon_days == 60
    file.write_text("horizon_days = 60\n[churn]\nhorizon_days = 90\n")
    with pytest.raises(SetTwice, match=r"sets horizon_days and churn\.horizon_days") as caught:
        Settings.at(tmp_path)
    assert str(file) in str(caught.value)
    monkeypatch.setenv("PERDURA_RISK_URL", "postgresql://ann:geheim@db/risk")
    monkeypatch.setenv("PERDURA_RISK_TABLE__URL", "postgresql://ann@db/risk")
    with pytest.raises(SetTwice, match="PERDURA_RISK_URL and PERDURA_RISK_TABLE__URL") as caught:
        Settings.at(tmp_path)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("[churn]\nhorizont_days = 60\n", "did you mean churn.horizon_days?"),
        ("horzion_days = 60\n", "did you mean churn.horizon_days?"),
        ("[churn]\nworkers = 3\n", "did you mean compute.workers?"),
        ("[risk_table]\nhold_out = 0.2\n", "did you mean support.control_group?"),
        ("[traning]\nseed = 3\n", "did you mean training?"),
        ("training = 3\n", "is a group of settings; write [training]"),
    ],
)
def test_an_unknown_key_is_refused_with_the_name_in_its_group(tmp_path, written, nearest):
    (tmp_path / "perdura.toml").write_text(written)
    with pytest.raises(ValidationError) as caught:
        Settings.at(tmp_path)
    assert nearest in mistakes(caught.value)


def test_the_old_churn_beside_its_group_is_said_with_what_to_write(tmp_path):
    (tmp_path / "perdura.toml").write_text('churn = "silence"\n[churn]\nhorizon_days = 60\n')
    with pytest.raises(BadSettingsFile, match=r"rule = '\.\.\.' below \[churn\]"):
        Settings.at(tmp_path)


def test_a_mappings_settings_are_kept_in_groups_however_they_are_written(tmp_path):
    flat = {"churn": "silence", "horizon_days": 60, "never_named": ["country"], "language": "es"}
    grouped = {
        "language": "es",
        "churn": {"rule": "silence", "horizon_days": 60},
        "risk_table": {"never_named": ["country"]},
    }
    for name, values in (("flat", flat), ("grouped", grouped)):
        keep(Settings.at(tmp_path / name), tmp_path / "my.toml", values)
    written = (tmp_path / "flat" / "perdura.toml").read_text()
    assert written == (tmp_path / "grouped" / "perdura.toml").read_text()
    assert '[churn]\nrule = "silence"\nhorizon_days = 60\n' in written
    assert Settings.at(tmp_path / "flat").risk_table.never_named == ("country",)


def test_bands_out_of_order_are_refused_before_any_work():
    with pytest.raises(ValidationError) as refused:
        Settings(risk_table=RiskTableSettings(high=0.05, medium=0.2))
    assert "medium (0.2) is above high (0.05)" in str(refused.value)


def test_what_keys_of_a_group_get_wrong_together_is_said_in_words():
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"risk_table": {"high": 0.05, "medium": 0.2}})
    assert "setting risk_table" in mistakes(refused.value)
    assert "did you mean" not in mistakes(refused.value)
    assert "medium (0.2) is above high (0.05)" in mistakes(refused.value)
