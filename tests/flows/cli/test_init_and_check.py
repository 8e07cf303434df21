"""``perdura init`` and ``perdura check``: what is written, what is said, and the exit status."""

import json
from datetime import date
from pathlib import Path

import pytest

from perdura.flows.onboarding.first_settings import settings_text
from perdura.flows.onboarding.source_check import SourceCheck, check_sources
from perdura.flows.settings import Settings
from tests.flows.cli.test_command_line import perdura
from tests.support.stripe_exports import Object, export, item, mapping_for, price, subscription

SUBSCRIPTIONS = """id,customer_id,plan,price,currency,start_date,ended_at
s1,ann,pro,30.00,EUR,2026-01-03,2026-05-03
s2,bob,basic,10.00,EUR,2026-02-01,
"""
PAYMENTS = """customer_id,payment_id,paid_at,amount,currency
ann,p1,2026-01-03,30.00,EUR
bob,p2,2026-02-01,10.00,EUR
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home that ``perdura init`` has made, and what it said."""
    home = tmp_path_factory.mktemp("init")
    (home / "exports").mkdir()
    (home / "exports" / "subscriptions.csv").write_text(SUBSCRIPTIONS)
    (home / "exports" / "payments.csv").write_text(PAYMENTS)
    said = perdura("init", "--files", str(home / "exports"), home=home).stdout
    return home, said


def test_what_was_found_is_said(started: tuple[Path, str]):
    _, said = started
    assert "start = start_date" in said
    assert "2 of 2 subscribers are known from subscriptions" in said
    assert "Currencies: EUR." in said
    assert "tickets: nothing is known" in said
    assert "little to learn from" in said
    assert "perdura train --until" in said
    assert "perdura score --on" in said


def test_settings_are_written_that_can_be_read(started: tuple[Path, str]):
    home, _ = started
    settings = Settings(home=home)
    assert settings.mapping == home / "mapping.toml"
    assert (settings.churn.rule, settings.churn.horizon_days) == ("contract", 30)


def test_paths_in_the_home_are_written_from_it_on(started: tuple[Path, str]):
    home, _ = started
    text = (home / "mapping.toml").read_text()
    assert 'file = "exports/payments.csv"' in text
    assert str(home) not in text + (home / "perdura.toml").read_text()


def test_what_is_there_is_not_overwritten_without_being_asked(started: tuple[Path, str]):
    home, _ = started
    before = (home / "mapping.toml").read_text()
    done = perdura("init", "--files", str(home / "exports"), home=home, ok=False)
    assert "is there already, and is yours; move it away, or overwrite it with --yes" in done.stderr
    assert (home / "mapping.toml").read_text() == before


def test_without_a_word_where_the_data_are_it_says_what_to_give(tmp_path: Path):
    done = perdura("init", home=tmp_path, ok=False)
    assert "found no table to read; give --files FOLDER" in done.stderr
    assert not (tmp_path / "mapping.toml").exists()


def test_a_check_of_what_is_fine_ends_with_0_and_keeps_nothing(started: tuple[Path, str]):
    home, _ = started
    done = perdura("check", "--json", home=home)
    found = json.loads(done.stdout)
    assert found["is_fine"]
    assert [(one["table"], one["events"]) for one in found["tables"]] == [
        ("subscriptions", 3), ("payments", 2),
    ]  # fmt: skip
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("exports/payments.csv", "exports/payment.csv", "no file 'exports/payment.csv'"),
        ("price", "prize", "did you mean price"),
    ],
)
def test_a_check_says_each_problem_in_a_line_and_ends_with_1(
    started: tuple[Path, str], right: str, wrong: str, says: str
):
    home, _ = started
    broken = home / "broken.toml"
    broken.write_text((home / "mapping.toml").read_text().replace(right, wrong))
    done = perdura("check", "--mapping", str(broken), home=home, ok=False)
    assert done.returncode == 1
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem:")]
    assert any(says in line for line in problems), done.stdout


def test_a_check_without_a_mapping_says_so(tmp_path: Path):
    done = perdura("check", home=tmp_path, ok=False)
    assert "no mapping file at" in done.stdout


def test_the_first_settings_take_what_the_mapping_says_of_churn(tmp_path: Path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[settings.churn]\nrule = "silence"\nhorizon_days = 60\n')
    (tmp_path / "perdura.toml").write_text(settings_text(mapping, "Europe/Madrid"))
    settings = Settings(home=tmp_path)
    assert (settings.churn.rule, settings.churn.horizon_days) == ("silence", 60)
    assert settings.schedule.timezone == "Europe/Madrid"


def test_a_check_finds_what_is_wrong_in_the_settings_of_a_mapping(tmp_path: Path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[settings.churn]\nhorzon_days = 30\n[payments]\nfile = "payments.csv"\n')
    (only,) = check_sources(mapping, Settings(home=tmp_path), date(2026, 7, 1)).findings
    assert only.level == "problem"
    assert f"horzon_days (in [settings] of {mapping}): there is no such setting" in only.found


@pytest.mark.parametrize("content", [None, ""])
def test_where_nothing_can_be_read_nothing_is_written(tmp_path: Path, content: str | None):
    (tmp_path / "stripe").mkdir()
    if content is not None:
        (tmp_path / "stripe" / "subscriptions.jsonl").write_text(content)
    done = perdura("init", "--stripe", str(tmp_path / "stripe"), home=tmp_path, ok=False)
    assert done.returncode == 1
    assert done.stderr.count("nothing can be read, so nothing is written: ") == 1
    assert [path.name for path in tmp_path.glob("*.toml")] == []
    assert "perdura train" not in done.stdout


def _checked(folder: Path, objects: dict[str, list[Object]], options: str = "") -> SourceCheck:
    mapping = mapping_for(export(folder / "stripe", objects), options=options)
    return check_sources(mapping, Settings(home=folder), date(2026, 6, 2))


def test_an_export_of_test_mode_is_a_problem_that_names_the_setting(tmp_path: Path):
    tried = {"subscriptions": [subscription("ann", [item(price("pro", 3000))], livemode=False)]}
    found = _checked(tmp_path, tried)
    [one] = [one for one in found.findings if "test mode" in one.found]
    assert one.level == "problem"
    assert "write test_mode = true" in one.to_do
    assert not found.can_train
    assert _checked(tmp_path, tried, "test_mode = true").can_train


def test_files_that_are_cut_off_or_not_read_are_to_be_looked_at(tmp_path: Path):
    several = [subscription(f"s{number}", [item(price("pro", 3000))]) for number in range(40)]
    folder = export(tmp_path / "stripe", {"subscriptions": several})
    with (folder / "subscriptions.jsonl").open("a") as file:
        file.write('{"id": ')
    (folder / "eu").mkdir()
    found = _checked(tmp_path, {})
    looks = [one.found for one in found.findings if one.level == "look"]
    assert len(looks) == 2
    assert looks[0].startswith("1 of ")
    assert " cut off " in looks[0]
    assert looks[1] == "not read: eu/"


def test_a_rule_that_init_wrote_and_that_refuses_most_rows_is_to_be_looked_at(tmp_path: Path):
    lines = "".join(f"p{n},ann,2026-01-0{n + 1},30,{n > 0}\n" for n in range(4))
    (tmp_path / "payments.csv").write_text("id,who,at,amount,is_demo\n" + lines)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[payments]\nfile = "payments.csv"\nsubscriber_id = "who"\npayment_id = "id"\n'
        'happened_at = "at"\nkind = "\'paid\'"\namount = "amount"\ncurrency = "\'EUR\'"\n'
        "[payments.reject]\ndemo = \"is_demo = 'True'\"\n"
    )
    found = check_sources(mapping, Settings(home=tmp_path), date(2026, 6, 2)).findings
    [one] = [one for one in found if one.level == "look"]
    assert one.found.startswith("3 of 4 rows demo (75.0%)")


def test_an_extract_of_empty_files_alone_lands_nothing_and_says_so(tmp_path: Path):
    folder = export(tmp_path / "stripe", {"subscriptions": [], "customers": []})
    done = perdura("extract", "--mapping", str(mapping_for(folder)), home=tmp_path, ok=False)
    assert done.returncode == 1
    assert "nothing landed: the files of the sources have no rows" in done.stderr
