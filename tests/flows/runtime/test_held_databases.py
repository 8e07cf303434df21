"""Databases that another program holds, or that are broken: said at once, by real commands."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from tests.risk.test_table import MARCH_2, put, score, scores
from tests.support.schedule_served import environment, run

PREFECT, MLFLOW = Path("data/prefect/prefect.db"), Path("mlruns/mlflow.db")

#: The command, with a shorter patience.
SHORT = """
from perdura.flows.runtime import database_files
database_files.wait_for.__kwdefaults__["patience"] = 2.0
from perdura.flows.cli.app import main
main()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a night, and with an empty database of Prefect's and of MLflow's."""
    put(scores(score("ann", 0.3, mrr=900)), f"sqlite:///{tmp_path}/data/risk.db", MARCH_2)
    for file in (PREFECT, MLFLOW):
        (tmp_path / file).parent.mkdir()
        with closing(sqlite3.connect(tmp_path / file)) as made:
            made.execute("CREATE TABLE anything (it TEXT)")
    return tmp_path


@contextmanager
def held(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def begun(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SHORT, *words],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("file", "words"), [(PREFECT, ["schedule"]), (MLFLOW, ["score"])], ids=str)
def test_a_database_that_is_held_is_waited_for_aloud_and_not_for_ever(home, file, words):
    with held(home / file):
        told = begun(home, *words).communicate()[1]
    assert f"waiting for another program that writes into {home / file}" in told.splitlines()[0]
    assert "end that program, or run the same command again later" in told.splitlines()[-1]
    assert "Traceback" not in told
    assert "[SQL" not in told


def test_a_command_run_by_hand_needs_no_database_of_prefects(home):
    with held(home / PREFECT):
        done = run(["states", "--no-ask"], environment(home))
    assert done.returncode == 0, done.stderr
    assert "waiting" not in done.stderr


def test_a_database_that_is_let_go_of_is_waited_for_no_longer(home):
    with held(home / MLFLOW):
        waiting = begun(home, "score")
        assert waiting.stderr is not None
        assert "waiting for another program" in waiting.stderr.readline()
    told = waiting.communicate()[1]
    assert "no model has been promoted there yet" in told


@pytest.mark.parametrize(
    ("file", "words", "remedy"),
    [
        (PREFECT, ["schedule"], "nothing of Perdura's is in it: move it away"),
        (MLFLOW, ["score"], "put a backup of it in its place"),
    ],
    ids=str,
)
def test_a_broken_database_is_named_at_once_with_what_to_do(home, file, words, remedy):
    (home / file).write_bytes(b"scribble" * 4096)
    begins = monotonic()
    done = run(words, environment(home))
    assert done.returncode == 1
    assert f"{home / file} is broken (file is not a database)" in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert monotonic() - begins < 60  # Prefect would start its server again for ever


def test_a_server_that_ends_while_it_starts_is_started_once(home):
    with closing(sqlite3.connect(home / PREFECT)) as newer:
        newer.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        newer.execute("INSERT INTO alembic_version VALUES ('of_a_newer_prefect')")
        newer.commit()
    done = run(["schedule"], environment(home))
    assert done.returncode == 1
    assert "Prefect's server did not start: it ended with code 3" in done.stderr
    log = home / "data" / "prefect" / "server.log"
    assert f"{log} says why" in done.stderr
    assert "of_a_newer_prefect" in log.read_text(encoding="utf-8")
    assert "Traceback" not in done.stderr


def test_a_server_that_does_not_answer_is_named(home):
    address = "http://user:secret@127.0.0.1:9/api"
    done = run(["states", "--no-ask"], environment(home, PREFECT_API_URL=address))
    assert "Prefect's server at http://127.0.0.1:9 (PREFECT_API_URL) does not answer" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_what_broken_runs_have_left_stops_no_command(home):
    folder = home / PREFECT.parent
    (home / PREFECT).unlink()
    (folder / "storage").mkdir()
    (folder / "storage" / "0f3c").write_bytes(b"\x80\x05 no result")
    (folder / "memo_store.toml").write_text("no = [toml", encoding="utf-8")
    done = run(["states", "--no-ask"], environment(home))
    assert done.returncode == 0, done.stderr
    assert "No subscriber has another state" in done.stdout


def test_a_search_says_which_database_it_could_not_read(home):
    with held(home / MLFLOW):
        found = run(["forget", "somebody@example.com", "--check", "--json"], environment(home))
    assert '"mlruns/mlflow.db (database is locked)"' in found.stdout
