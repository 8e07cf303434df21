"""SQLite's log beside the table: gone once a command has ended, unless another program is there."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from perdura.risk.store.connect import fold_log, reading
from perdura.risk.table import read
from tests.risk.test_table import MARCH_1, MARCH_2, TWO, put
from tests.support.schedule_served import environment, run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def url(home: Path) -> str:
    return f"sqlite:///{home}/data/risk.db"


def files(home: Path) -> list[str]:
    return sorted(file.name for file in (home / "data").iterdir())


def test_a_night_leaves_no_log(home: Path, url: str):
    put(TWO, url, MARCH_1)
    assert files(home) == ["risk.db"]


def test_a_night_that_was_compared_with_the_one_before_leaves_no_log(home: Path, url: str):
    put(TWO, url, MARCH_1)
    put(TWO, url, MARCH_2)  # reads the night before by a connection that is kept
    assert files(home) == ["risk.db"]


def test_a_command_that_reads_leaves_no_log(home: Path, url: str):
    put(TWO, url, MARCH_1)
    assert run(["risk"], environment(home)).returncode == 0
    assert files(home) == ["risk.db"]


def test_another_program_that_reads_keeps_its_log(home: Path, url: str):
    put(TWO, url, MARCH_1)
    with closing(sqlite3.connect(home / "data" / "risk.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM risk").fetchone() == (2,)
        put(TWO, url, MARCH_2)
        assert other.execute("SELECT count(*) FROM risk").fetchone() == (2,)
        assert "risk.db-wal" in files(home)
    assert len(read(url)) == 2


def test_a_reader_that_is_at_it_is_not_disturbed(home: Path, url: str):
    put(TWO, url, MARCH_1)
    with reading(url) as connection:
        fold_log(url)
        assert connection.exec_driver_sql("SELECT count(*) FROM risk").scalar_one() == 2
    fold_log(url)
    assert files(home) == ["risk.db"]
