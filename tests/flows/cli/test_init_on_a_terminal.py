"""``perdura init`` asks on a terminal: the installed command, typed to as a person types."""

import tomllib
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from tests.flows.cli.test_init_and_check import PAYMENTS, SUBSCRIPTIONS
from tests.support.replay import Answer, served
from tests.support.terminal import Terminal
from tests.support.zendesk_replay import TOKEN, Account

VENDORS = ("Stripe: folder", "Zendesk: folder", "Recurly: folder", "Intercom: folder")
PLAIN, DATABASE = "Folder of plain files", "address of a database"


def on_terminal(home: Path, answers: list[tuple[str, str]], **env: str) -> tuple[int, str]:
    """The exit status and all that is shown."""
    terminal = Terminal("init", PERDURA_HOME=str(home), **env)
    for question, answer in answers:
        terminal.answer(question, answer)
    return terminal.end(), terminal.seen


def mapping_in(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "mapping.toml").read_text())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "payments.csv").write_text(PAYMENTS)
    return tmp_path


def test_folders_and_dates_are_asked_for_and_what_is_there_stays_if_that_is_the_answer(home: Path):
    days = SUBSCRIPTIONS.replace("2026-01-03", "03/01/2026").replace("2026-02-01", "01/02/2026")
    (home / "exports" / "subscriptions.csv").write_text(days.replace("2026-05-03", "03/05/2026"))
    (home / "mapping.toml").write_text("# mine\n")
    (home / "perdura.toml").write_text("# mine\n")
    answers = [(one, "") for one in VENDORS]
    answers += [(PLAIN, str(home / "exports")), (DATABASE, ""), ("the third of April?", "y")]
    answers += [("mapping.toml is there already", "y"), ("perdura.toml is there already", "n")]
    status, seen = on_terminal(home, answers)
    assert status == 0, seen
    assert "2 of 2 subscribers are known from subscriptions" in seen
    (subscriptions,) = mapping_in(home)["subscriptions"]
    assert subscriptions["file"] == "exports/subscriptions.csv"
    assert (home / "perdura.toml").read_text() == "# mine\n"


def test_an_account_s_address_leads_to_its_token_of_which_the_name_is_written(
    home: Path,
):
    account = Account(faults=deque([Answer(401)] * 9))
    with served(account) as url:
        answers = [(VENDORS[0], ""), (VENDORS[1], url), ("holds its token", "ZENDESK_TOKEN")]
        answers += [("E-mail of the administrator", "")]
        answers += [(one, "") for one in (*VENDORS[2:], PLAIN, DATABASE)]
        _, seen = on_terminal(home, answers, ZENDESK_TOKEN=TOKEN)
    assert mapping_in(home)["connect"]["zendesk"] == {"url": url, "token": "$ZENDESK_TOKEN"}
    assert "does not know the credentials (401" in seen
    assert account.requests
    assert TOKEN not in seen + "".join(file.read_text() for file in home.glob("*.toml"))


def test_a_key_in_place_of_a_variable_is_refused_and_not_repeated(home: Path):
    secret = "rk_live_51VerySecretIndeed"  # noqa: S105
    terminal = Terminal("init", PERDURA_HOME=str(home))
    terminal.answer(VENDORS[0], secret)
    assert terminal.end() == 1
    assert "not the name of an environment variable that is set" in terminal.seen
    assert terminal.seen.count(secret) == 1  # as it was typed
    assert not (home / "mapping.toml").exists()


def test_a_place_that_is_not_there_is_asked_for_again_and_a_stop_says_that_nothing_is_written(
    home: Path,
):
    terminal = Terminal("init", PERDURA_HOME=str(home))
    terminal.answer(VENDORS[0], "salesforce")
    terminal.answer("There is no folder salesforce", "")
    terminal.answer(VENDORS[1], "\x04")
    assert terminal.end() == 1
    assert "Stopped; nothing written." in terminal.seen
    assert not (home / "mapping.toml").exists()
