"""The paths in MLflow's database, on a small database written by hand: no MLflow is started."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from perdura.models.registry.store_paths import (
    EXPERIMENT,
    OutsideTheHome,
    database_file,
    in_home,
    recorded_store,
    relocate,
    store_folder,
    unless_read_only,
)

_TABLES = {
    "experiments": ("name", "artifact_location"),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
    "trace_tags": ("value",),
}


def write_store(home: Path, store: Path) -> None:
    """A database in ``home`` whose paths begin with ``store``."""
    file = database_file(home)
    file.parent.mkdir(parents=True)
    rows = {
        "experiments": (EXPERIMENT, f"{store}/artifacts"),
        "runs": (f"{store}/artifacts/1",),
        "logged_models": (f"{store}/artifacts/models/m-1/artifacts",),
        "model_versions": ("models:/m-1", f"{store}/artifacts/models/m-1/artifacts"),
        "trace_tags": (f"{store}2/elsewhere",),
    }
    with closing(sqlite3.connect(file)) as database, database:
        for table, columns in _TABLES.items():
            database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", rows[table])  # noqa: S608


def paths(home: Path) -> list[str]:
    """Every value of the database, table by table."""
    with closing(sqlite3.connect(database_file(home))) as database:
        rows = [database.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES]  # noqa: S608
    return [value for table in rows for row in table for value in row]


@pytest.fixture(params=["shop", "año ñandú & 'co'", "100%_[x]*"])
def home(request, tmp_path: Path) -> Path:
    return tmp_path / request.param


def test_a_home_that_was_never_moved_names_itself(home):
    write_store(home, store_folder(home))
    before = paths(home)
    assert recorded_store(home) == store_folder(home)
    relocate(home)
    assert paths(home) == before


def test_after_a_move_every_path_of_the_store_is_the_new_one(home):
    old = Path("/srv/old home/mlruns")
    write_store(home, old)
    assert recorded_store(home) == old
    relocate(home)
    here = store_folder(home)
    assert recorded_store(home) == here
    assert paths(home) == [
        EXPERIMENT,
        f"{here}/artifacts",
        f"{here}/artifacts/1",
        f"{here}/artifacts/models/m-1/artifacts",
        "models:/m-1",
        f"{here}/artifacts/models/m-1/artifacts",
        # Another folder whose name begins alike is no part of the store.
        "/srv/old home/mlruns2/elsewhere",
    ]


def test_moving_twice_is_moving_to_the_last_place(home):
    write_store(home, Path("/srv/a/mlruns"))
    relocate(home)
    again = home.with_name("moved again")
    home.rename(again)
    relocate(again)
    assert recorded_store(again) == store_folder(again)


def test_without_a_database_there_is_nothing_to_move(home):
    assert recorded_store(home) is None
    relocate(home)
    assert not home.exists()


@pytest.mark.parametrize(
    "statements",
    [
        [],  # MLflow is making the database right now
        ["CREATE TABLE experiments (name, artifact_location)"],
        [
            "CREATE TABLE experiments (name, artifact_location)",
            "INSERT INTO experiments VALUES ('Default', '/srv/mlruns/0')",
        ],
        [
            "CREATE TABLE experiments (name, artifact_location)",
            "INSERT INTO experiments VALUES ('churn', 'mlflow-artifacts:/1')",
        ],
    ],
)
def test_a_database_without_our_runs_names_no_store(statements, home):
    database_file(home).parent.mkdir(parents=True)
    with closing(sqlite3.connect(database_file(home))) as database, database:
        for statement in statements:
            database.execute(statement)
    assert recorded_store(home) is None
    relocate(home)


def test_files_are_found_in_the_home_whatever_the_database_calls_it(home):
    write_store(home, Path("/srv/old/mlruns"))
    found = in_home(home, "/srv/old/mlruns/artifacts/models/m-1")
    assert found == store_folder(home) / "artifacts" / "models" / "m-1"


@pytest.mark.parametrize(
    "location",
    [
        "/srv/other/mlruns/artifacts",
        "/srv/old/mlruns2/artifacts",
        "/srv/old",
        "/srv/old/mlruns/../secrets",
        "relative/artifacts",
        "",
    ],
)
def test_files_outside_of_the_store_are_refused_in_words(location, tmp_path):
    write_store(tmp_path, Path("/srv/old/mlruns"))
    with pytest.raises(OutsideTheHome, match="nothing outside of a home is read") as refused:
        in_home(tmp_path, location)
    assert str(refused.value).startswith(f"asked for the files at {location}; they are not in")
    assert "perdura train" in str(refused.value)


def test_without_a_store_no_file_is_in_it(tmp_path):
    with pytest.raises(OutsideTheHome):
        in_home(tmp_path, str(store_folder(tmp_path) / "artifacts"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_what_may_not_be_written_is_skipped(number):
    with unless_read_only():
        raise OSError(number, "no")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_any_other_failure_is_raised(number):
    with pytest.raises(OSError, match="broken"), unless_read_only():
        raise OSError(number, "broken")


def test_a_database_that_is_read_only_is_skipped_and_a_broken_one_is_not(tmp_path):
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE t (a)")
    with (
        unless_read_only(),
        closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database,
    ):
        database.execute("INSERT INTO t VALUES (1)")
    with (
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        unless_read_only(),
        closing(sqlite3.connect(file)) as database,
    ):
        database.execute("INSERT INTO u VALUES (1)")
