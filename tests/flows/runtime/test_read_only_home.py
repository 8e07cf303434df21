"""A home that cannot be written: refused in words before anything starts, and read all the same."""

import csv
import os
import subprocess
from pathlib import Path

import pytest

from tests.models.registry.test_moved_home import digest
from tests.risk.test_table import MARCH_2, put, score, scores
from tests.support.schedule_served import environment, run
from tests.support.small_disk import read_only

MAPPING = '[subscriptions]\nfiles = ["subscriptions.csv"]\n'

WRITE = [
    ("score", "--on", "2026-03-03"),
    ("score", "--trial"),
    ("train",),
    ("backtest",),
    ("tune",),
    ("effect",),
    ("states",),
    ("states", "--no-ask"),
    ("forget", "ann", "--yes"),
    ("extract", "--mapping", "mapping.toml"),
    ("demo",),
    ("schedule",),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a night, cleanly closed: SQLite has left no log beside the table."""
    home = tmp_path / "home"
    put(scores(score("ann", 0.3, mrr=900)), f"sqlite:///{home}/data/risk.db", MARCH_2)
    assert not (home / "data" / "risk.db-wal").exists()
    return home


@pytest.mark.parametrize("words", WRITE, ids=" ".join)
def test_what_would_write_is_refused_in_words_before_prefect_starts(home, tmp_path, words):
    before, user = digest(home), tmp_path / "user"
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    with read_only(home, tmp_path / "mounted") as mounted:
        given = [str(tmp_path / word) if word.endswith(".toml") else word for word in words]
        done = run(given, environment(mounted, HOME=str(user)))
    assert done.returncode == 1
    assert f"{mounted}/data cannot be written" in done.stderr
    assert "mounted read-only" in done.stderr
    assert "PERDURA_HOME" in done.stderr
    assert "Prefect" not in done.stderr
    assert "Traceback" not in done.stderr
    assert digest(home) == before
    assert not (user / ".prefect").exists()  # nor is anything written elsewhere instead


def test_a_part_of_a_home_that_cannot_be_written_is_named(home, tmp_path):
    models = home / "mlruns"
    models.mkdir()
    with read_only(models, tmp_path / "mounted"):
        subprocess.run(["mount", "--bind", str(tmp_path / "mounted"), str(models)], check=True)
        try:
            done = run(["train"], environment(home))
        finally:
            subprocess.run(["umount", "--lazy", str(models)], check=True)
    assert f"{models} cannot be written" in done.stderr


def test_a_file_where_a_folder_is_meant_to_be_is_said(tmp_path):
    (tmp_path / "data").write_text("no folder", encoding="utf-8")
    done = run(["train"], environment(tmp_path))
    assert f"{tmp_path}/data cannot be written" in done.stderr
    assert "it is a file, where a folder is meant to be" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_night_is_read_where_nothing_can_be_written(home, tmp_path):
    with read_only(home, tmp_path / "mounted") as mounted:
        env, file = environment(mounted), tmp_path / "night.csv"
        assert "ann" in run(["risk"], env).stdout
        assert run(["push", "csv", str(file)], env).returncode == 0
        found = run(["forget", "ann@example.com", "--check"], env)
    with file.open(encoding="utf-8") as opened:
        assert [row["subscriber_id"] for row in csv.DictReader(opened)] == ["ann"]
    assert found.returncode == 0, found.stderr


def test_a_search_finds_who_is_named_where_nothing_can_be_written(tmp_path):
    home, who = tmp_path / "home", "s00000322"
    put(scores(score(who, 0.3, mrr=900)), f"sqlite:///{home}/data/risk.db", MARCH_2)
    with read_only(home, tmp_path / "mounted") as mounted:
        found = run(["forget", who, "--check"], environment(mounted))
    assert found.returncode == 1
    assert "data/risk.db: risk" in found.stderr


@pytest.mark.skipif(os.getuid() == 0, reason="root may write whatever permissions say")
def test_permissions_that_forbid_it_are_said(home):
    (home / "data").chmod(0o500)
    done = run(["train"], environment(home))
    assert "its permissions forbid it" in done.stderr
