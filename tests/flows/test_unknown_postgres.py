"""A night with a plan that the model has never seen, from the command line to PostgreSQL."""

import json
import shutil
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from perdura.flows.settings import Settings
from perdura.risk.table import read
from tests.flows.cli.test_command_line import NIGHT, perdura
from tests.flows.test_flows import add_a_plan_nobody_knows


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    home = shutil.copytree(trained, tmp_path / "home")
    add_a_plan_nobody_knows(home)
    return home


def test_a_new_plan_costs_nobody_the_night_on_postgresql(home: Path, postgres_url: str):
    here = perdura("score", "--on", NIGHT, home=home).stdout
    there = perdura("score", "--on", NIGHT, home=home, PERDURA_RISK_URL=postgres_url).stdout
    assert "Never seen by the model in plan, and scored as unknown: 'platinum'" in there
    assert "Degraded: plan: " in there
    assert here.splitlines()[0].split(" in ")[0] == there.splitlines()[0].split(" in ")[0]
    rows = read(postgres_url)
    assert_frame_equal(rows, read(Settings(home=home).risk_url))
    new = rows["plan"] == "platinum"
    assert new.any()
    assert rows["unknown_values"].eq("plan").equals(new)
    shown = json.loads(perdura("risk", "--json", home=home, PERDURA_RISK_URL=postgres_url).stdout)
    assert shown[0]["degraded"] == rows.iloc[0]["degraded"]
    assert json.loads(
        perdura("score", "--on", NIGHT, "--json", home=home, PERDURA_RISK_URL=postgres_url).stdout
    )["unknown"]["plan"]["texts"] == ["platinum"]
