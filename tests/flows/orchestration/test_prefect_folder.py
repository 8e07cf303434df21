"""Prefect writes into the home; where the user has set another place, there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perdura.flows.orchestration.prefect_setup import setting_of


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder on a machine on which Prefect has not run yet."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PERDURA_HOME", "~/shop")
    return tmp_path


def profile(machine: Path, settings: str) -> Path:
    file = machine / ".prefect" / "profiles.toml"
    file.parent.mkdir()
    file.write_text(f'active = "work"\n[profiles.work]\n{settings}\n')
    return file


def prefects(setting: str) -> str:
    """A setting as Prefect reads it in a process that the command line starts like itself."""
    code = (
        "from perdura.flows.orchestration.prefect_setup import quiet; quiet()\n"
        f"from prefect.settings import {setting}; print({setting}.value())"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_prefect_lies_under_the_home(machine: Path) -> None:
    assert prefects("PREFECT_HOME") == f"{machine}/shop/data/prefect"


def test_a_prefect_home_of_the_users_own_wins(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", f"{machine}/elsewhere")
    assert prefects("PREFECT_HOME") == f"{machine}/elsewhere"


def test_the_server_of_the_users_profile_is_still_used(machine: Path) -> None:
    profile(machine, 'PREFECT_API_URL = "http://127.0.0.1:9/api"')
    assert prefects("PREFECT_API_URL") == "http://127.0.0.1:9/api"
    assert prefects("PREFECT_HOME") == f"{machine}/shop/data/prefect"


def test_a_home_in_the_users_profile_wins(machine: Path) -> None:
    profile(machine, f'PREFECT_HOME = "{machine}/elsewhere"')
    assert prefects("PREFECT_HOME") == f"{machine}/elsewhere"


def test_a_profile_that_cannot_be_read_is_left_to_prefect_to_report(machine: Path) -> None:
    profile(machine, "= [")
    assert setting_of("PREFECT_HOME") is None
