"""Every command of a copied home leaves the original alone: it neither reads nor writes it."""

import json
import shutil
from pathlib import Path

import pytest

from perdura.models.registry.champion import load_champion
from perdura.models.registry.store_paths import recorded_store
from tests.flows.cli.test_command_line import NIGHT, perdura
from tests.models.registry.test_moved_home import digest, texts_with

COMMANDS = [
    ("score", "--on", NIGHT),
    ("states",),
    ("backtest", "--origins", "1"),
    ("tune", "--minutes", "0", "--trials", "1"),
    ("train",),
    ("forget", "{who}", "--yes"),
]


@pytest.fixture
def original(trained: Path, company: Path, tmp_path: Path) -> Path:
    """A home with its sources in it, which it names by absolute paths, as older versions did."""
    home = shutil.copytree(trained, tmp_path / "original")
    shutil.copytree(company, home / "company")
    risk = f"sqlite:///{home}/data/risk.db"
    settings = f'mapping = "{home}/company/mapping.toml"\nrisk_url = "{risk}"\n'
    (home / "perdura.toml").write_text(settings, encoding="utf-8")
    load_champion(home)  # from now on its store is recorded where it is
    assert recorded_store(home) == home / "mlruns"
    return home


def test_no_command_of_a_copy_reads_or_writes_the_original(original, tmp_path):
    copy = shutil.copytree(original, tmp_path / "copy")
    for file in (path for path in original.rglob("*") if path.is_file()):
        file.write_bytes(b"ruined: whoever reads this fails")
    before = state(original)
    for words in COMMANDS:
        who = riskiest(copy) if "{who}" in words else ""
        asked = (word.format(who=who) for word in words)
        # To know at earlier dates how good a model is takes minutes, and reads nothing else.
        perdura(*asked, home=copy, PERDURA_EARLIER_DATES="0", PERDURA_CUT_DAYS="0")
        assert state(original) == before, words
    assert texts_with(copy, original) == []


def state(home: Path) -> dict[str, tuple[str, int]]:
    """Every file, what is in it, and when it was last written; every folder."""
    times = {str(path): path.stat().st_mtime_ns for path in home.rglob("*")}
    contents = digest(home)
    return {path: (contents.get(path, ""), time) for path, time in times.items()}


def riskiest(home: Path) -> str:
    return json.loads(perdura("risk", "--top", "1", "--json", home=home).stdout)[0]["subscriber_id"]
