"""A disk that fills in the middle of a step: said in words with its folder, and nothing is lost."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdura.flows.settings import Settings
from perdura.models.registry.champion import load_champion
from perdura.risk.table import published_dates
from tests.flows.cli.test_command_line import NIGHT, perdura
from tests.support.small_disk import small_disk

#: The command, whose disk fills as soon as it comes to a place.
#: Arguments: module and name of the place, KiB to leave, the disk, the command's words.
FILLING = """
import sys
from importlib import import_module
from pathlib import Path
from perdura.flows.orchestration.prefect_setup import quiet
quiet()
from tests.support.small_disk import fill

module, name, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
folder, words = Path(sys.argv[4]), sys.argv[5:]
place = import_module(module)
before = getattr(place, name)

def filled(*given, **named):
    if name == "train_step":  # what is logged; to fit it takes minutes
        from tests.support.made_up import trained
        done = trained()
    else:
        done = before(*given, **named)
    fill(folder, left)
    return done

setattr(place, name, filled)
sys.argv[1:] = words
from perdura.flows.cli.app import main
main()
"""

#: Where the disk is full when the step begins to write its own files.
STEPS = [
    (
        "perdura.flows.score_nightly",
        "parts_of",
        0,
        ("score", "--on", NIGHT),
    ),  # features and reasons
    ("perdura.flows.score_nightly", "unknown_texts", 0, ("score", "--on", NIGHT)),  # the table
    ("perdura.flows.train_weekly", "parts_of", 0, ("train",)),  # labels and features
    ("perdura.flows.train_weekly", "train_step", 0, ("train",)),  # MLflow's database
    ("perdura.flows.train_weekly", "train_step", 400, ("train",)),  # MLflow's files
    ("perdura.flows.refresh_states", "changed_states", 0, ("states", "--no-ask")),
]


@pytest.fixture
def disk(trained: Path, tmp_path: Path) -> Iterator[Path]:
    """A disk with a home that has a champion."""
    size = sum(file.stat().st_size for file in trained.rglob("*") if file.is_file()) // 1024
    with small_disk(tmp_path / "disk", 2 * size + 80_000) as disk:
        shutil.copytree(trained, disk / "home")
        yield disk


def filling(disk: Path, module: str, name: str, left: int, words: tuple[str, ...]) -> str:
    """What the command says whose disk fills at that place."""
    command = [sys.executable, "-c", FILLING, module, name, str(left), str(disk), *words]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERDURA_HOME", str(disk / "home"))
        patch.setenv("PERDURA_EARLIER_DATES", "0")
        patch.setenv("PERDURA_CUT_DAYS", "0")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize(("module", "name", "left", "words"), STEPS)
def test_a_disk_that_fills_is_said_with_its_folder(disk, module, name, left, words):
    home = disk / "home"
    if words[0] == "states":
        perdura("score", "--on", NIGHT, home=home)
    told = filling(disk, module, name, left, words)
    assert f"the disk of {disk}" in told, told
    assert "is full; make room there and run the same command again" in told
    assert "Traceback" not in told
    assert "[SQL" not in told
    assert "INTERNAL_ERROR" not in told
    assert load_champion(home)[1] == "1"
    (disk / "ballast").unlink()
    if words[0] == "score":
        assert published_dates(Settings(home=home).risk_url) == set()
        assert "subscribers scored" in perdura(*words, home=home).stdout
