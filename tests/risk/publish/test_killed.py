"""Killed while publishing: readers find the old night whole or the new one, and all goes on."""

import random
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from subprocess import PIPE

import pytest
import sqlalchemy as sa

from perdura.risk.store import connect as store
from perdura.risk.table import NoNight, publish, read
from tests.support.risk_publisher import ROWS, night

Publisher = subprocess.Popen[str]

MARCH_1, MARCH_2 = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def url(store_url: str) -> str:
    """A table with two nights of version "old"."""
    for scored_on in (MARCH_1, MARCH_2):
        publish(night("old"), store_url, scored_on=scored_on, model_version="old")
    return store_url


def start(url: str, *nights: date, version: str, step: str = "never") -> list[Publisher]:
    """One process for each night, all of which have just begun to publish."""
    command = [sys.executable, "-m", "tests.support.risk_publisher", url]
    root = Path(__file__).parents[3]
    started = [
        subprocess.Popen(
            [*command, str(day), version, step], cwd=root, stdin=PIPE, stdout=PIPE, text=True
        )
        for day in nights
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def finish(process: Publisher) -> bool:
    """Whether it got to its end, rather than killed."""
    process.communicate(timeout=60)
    assert process.returncode in (0, -9)
    return process.returncode == 0


def version_of(url: str, scored_on: date) -> str:
    """The version that published the night, which must be there whole and unmixed."""
    found = read(url, scored_on=scored_on)
    (version,) = set(found["model_version"])
    assert found["subscriber_id"].tolist() == [str(who) for who in reversed(range(ROWS))]
    assert {reasons[0]["text"] for reasons in found["reasons"]} == {version}
    return version


def assert_sound(url: str) -> None:
    """The database is intact and nothing else was left in it, or beside it."""
    if url.startswith("postgresql"):
        with store.reading(url) as connection:
            assert not [t for t in sa.inspect(connection).get_table_names() if "staged" in t]
        return
    file = Path(url.removeprefix("sqlite:///"))
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert not list(file.parent.glob("*staged*"))


STEPS = (
    "checking 0",
    "checking 10000",
    f"checking {ROWS}",
    "staging 0",
    "inserting 0",
    "inserting 5000",
    "inserting 10000",
    "inserting 15000",
    f"inserting {ROWS}",
    f"committing {ROWS}",
)


def test_killed_at_ten_steps_the_old_night_stays_and_the_next_try_works(url: str) -> None:
    for step in STEPS:
        (process,) = start(url, MARCH_2, version="new", step=step)
        assert not finish(process), step
        assert version_of(url, MARCH_2) == "old"
    publish(night("new"), url, scored_on=MARCH_2, model_version="new")
    assert (version_of(url, MARCH_1), version_of(url, MARCH_2)) == ("old", "new")
    assert_sound(url)


def test_killed_at_any_moment_the_night_is_old_or_new(url: str) -> None:
    chance, last = random.Random(7), "old"  # noqa: S311 (nobody's secret)
    for version in ("1", "2", "3", "4"):
        (process,) = start(url, MARCH_2, version=version)
        time.sleep(chance.uniform(0, 0.6))
        process.kill()
        done, found = finish(process), version_of(url, MARCH_2)
        assert found == version or (found == last and not done)
        last = found
    publish(night("new"), url, scored_on=MARCH_2, model_version="new")
    assert (version_of(url, MARCH_1), version_of(url, MARCH_2)) == ("old", "new")
    assert_sound(url)


def test_killed_on_the_very_first_night_there_is_no_half_table(store_url: str) -> None:
    url = store_url
    (process,) = start(url, MARCH_1, version="new", step="inserting 10000")
    assert not finish(process)
    with pytest.raises(NoNight, match="published here yet"):
        read(url)
    publish(night("new"), url, scored_on=MARCH_1, model_version="new")
    assert version_of(url, MARCH_1) == "new"
    assert_sound(url)


def test_processes_that_publish_at_once_take_turns(store_url: str) -> None:
    url = store_url
    together = start(url, MARCH_1, MARCH_2, version="new")
    assert [finish(process) for process in together] == [True, True]
    assert [version_of(url, scored_on) for scored_on in (MARCH_1, MARCH_2)] == ["new", "new"]
    assert_sound(url)


def test_a_leftover_of_a_killed_process_is_in_nobodys_way(url: str, tmp_path: Path) -> None:
    (tmp_path / "risk.db-staged").write_bytes(b"half a file")
    if url.startswith("postgresql"):
        with store.writing(url) as connection:
            connection.exec_driver_sql("CREATE UNLOGGED TABLE perdura_staged_3 (half TEXT)")
    publish(night("new"), url, scored_on=MARCH_2, model_version="new")
    assert version_of(url, MARCH_2) == "new"
    assert_sound(url)
