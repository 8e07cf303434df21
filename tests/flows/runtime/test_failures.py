"""What the machine does not allow is said in words, by every command: real commands, real disks."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from perdura.flows.runtime.failures import failure_in_words
from perdura.risk.store.connect import Unreachable
from perdura.sources.landing.full_disk import is_full
from tests.flows.cli.test_command_line import NIGHT, perdura
from tests.risk.test_table import MARCH_2, put, score, scores
from tests.support.small_disk import fill, small_disk


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with nothing but a night."""
    home = tmp_path / "home"
    put(scores(score("ann", 0.3, mrr=900)), f"sqlite:///{home}/data/risk.db", MARCH_2)
    return home


def says(words: str, *command: str, home: Path, **env: str) -> str:
    """What a command says that fails: one sentence of ours, and no statement and no traceback."""
    told = perdura(*command, home=home, ok=False, **env).stderr
    assert words in told, told
    assert "Traceback" not in told, told
    assert "[SQL" not in told, told
    return told


def test_a_full_disk_is_named_by_extract(company: Path, tmp_path: Path):
    with small_disk(tmp_path / "home", 300) as home:
        asked = ("extract", "--mapping", str(company / "mapping.toml"), "--until", NIGHT)
        told = says("the disk of", *asked, home=home)
        assert str(home) in told
        assert "number" not in told  # no type of a column helps


def test_a_full_disk_is_named_by_publishing(tmp_path: Path):
    with small_disk(tmp_path / "disk", 400) as disk:
        many = scores(*(score(f"s{number:05}", 0.3, mrr=900) for number in range(5_000)))
        with pytest.raises((OSError, Unreachable)) as caught:
            put(many, f"sqlite:///{disk}/risk.db", MARCH_2)
        words = failure_in_words(caught.value, disk) or str(caught.value)
        assert f"the disk of {disk} is full" in words


def test_a_full_disk_is_named_where_a_token_is_made(home: Path, tmp_path: Path):
    with small_disk(tmp_path / "disk", 1_000) as disk:
        shutil.copytree(home, disk / "home")
        fill(disk, 0)
        assert str(disk) in says("is full", "token", "create", "desk", home=disk / "home")


def test_a_store_that_another_program_holds_is_waited_for_aloud(home: Path):
    file = home / "data" / "risk.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = subprocess.run(
            [sys.executable, "-c", _SHORT, "token", "create", "desk"],
            env=os.environ | {"PERDURA_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    first, last = done.stderr.strip().splitlines()[0], done.stderr.strip().splitlines()[-1]
    assert f"waiting for another program that writes into {file}" in first
    assert "end that program, or try again later" in last
    assert "[SQL" not in done.stderr


#: The command, with a shorter patience.
_SHORT = """
from perdura.risk.store import sqlite
sqlite._WAIT_SECONDS = 2.0
from perdura.flows.cli.app import main
main()
"""


def test_a_home_that_cannot_be_written_is_said(home: Path, tmp_path: Path):
    with small_disk(tmp_path / "disk", 4_000) as disk:
        shutil.copytree(home, disk / "home")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        told = says("cannot be written", "token", "create", "desk", home=disk / "home")
        assert str(disk) in told
        assert "PERDURA_HOME" in told


def test_of_a_copy_the_full_disk_is_named_and_not_where_it_was_made_of(tmp_path: Path):
    made = tmp_path / "made"
    made.write_bytes(b"x" * 2**20)
    with small_disk(tmp_path / "disk", 400) as disk:
        for how in (shutil.copyfile, shutil.copy2):
            with pytest.raises(OSError, match="No space left") as caught:
                how(made, disk / "copy")
            assert f"the disk of {disk} is full" in str(failure_in_words(caught.value, disk))
        fill(disk, 0)
        error = OSError(28, "No space left on device", str(made))  # names only what it was made of
        assert f"the disk of {disk} is full" in str(failure_in_words(error, disk))


def test_a_full_disk_is_known_in_whatever_words(tmp_path: Path):
    for error in (
        OSError(28, "No space left on device"),
        RuntimeError("ComputeError: No space left on device (os error 28)"),
        sqlite3.OperationalError("database or disk is full"),
    ):
        assert is_full(error)
        assert "is full; make room" in str(failure_in_words(error, tmp_path))
    assert not is_full(ValueError("full of surprises"))
    assert failure_in_words(ValueError("a fault"), tmp_path) is None
