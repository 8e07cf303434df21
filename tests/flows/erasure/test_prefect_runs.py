"""A search for somebody reads what Prefect has kept, and says where it cannot look."""

import os
import pickle
import sqlite3
from base64 import encodebytes
from contextlib import closing
from pathlib import Path

import pytest

from perdura.flows.cli.render.erasure import StillNamed, print_search, refuse_left
from perdura.flows.erasure.erase import accounts_named
from perdura.flows.erasure.search import Search, kept_results, search
from perdura.flows.settings import Settings
from perdura.sources.landing.tombstones import read_tombstones

ANNA = "anna@example.com"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder without settings of Prefect or MLflow."""
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "MLFLOW_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "shop").mkdir()
    return tmp_path


def settings(machine: Path) -> Settings:
    return Settings(home=machine / "shop")


def failed_run(folder: Path, name: str = "1b7c") -> Path:
    """What Prefect keeps of a run that failed with a row, as version 0.1 let it."""
    folder.mkdir(parents=True)
    kept = folder / name
    kept.write_bytes(encodebytes(pickle.dumps(("IntegrityError", [(ANNA, 9.5)]))))
    return kept


def logged(database: Path) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as made:
        made.execute("CREATE TABLE log (message VARCHAR)")
        made.execute("INSERT INTO log VALUES (?)", (f"failed for {ANNA!r}",))
        made.commit()


def searched(machine: Path) -> Search:
    at = settings(machine)
    accounts = accounts_named([ANNA], read_tombstones(at.landing_folder))
    return search(at, accounts, lambda *_: None)


def places(machine: Path) -> set[str]:
    return {each.where for each in searched(machine).found}


def test_what_a_failed_run_left_is_found_though_it_is_encoded(machine: Path) -> None:
    kept = failed_run(machine / "shop/data/prefect/storage")
    assert ANNA.encode() not in kept.read_bytes()
    assert places(machine) == {"data/prefect/storage/1b7c"}
    accounts = accounts_named([ANNA], read_tombstones(settings(machine).landing_folder))
    assert kept_results(settings(machine).home, accounts) == [kept]


def test_a_failed_run_that_names_others_is_not_found(machine: Path) -> None:
    kept = failed_run(machine / "shop/data/prefect/storage")
    kept.write_bytes(encodebytes(pickle.dumps([("joanna@example.com", 9.5)])))
    assert places(machine) == set()


def test_prefects_database_is_read_by_table(machine: Path) -> None:
    logged(machine / "shop/data/prefect/prefect.db")
    assert places(machine) == {"data/prefect/prefect.db: log"}


def test_folders_of_prefect_outside_of_the_home_are_read_and_left_alone(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", f"{machine}/prefect")
    before, now = failed_run(machine / ".prefect/storage"), failed_run(machine / "prefect/storage")
    assert places(machine) == {str(before), str(now)}
    assert kept_results(settings(machine).home, []) == []
    with pytest.raises(StillNamed, match="prefect/storage/1b7c"):
        refuse_left(searched(machine))


def test_a_server_and_a_store_that_cannot_be_searched_are_named_without_passwords(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://bob:secret@prefect.example:4200/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example")
    print_search(searched(machine))
    told = capsys.readouterr().out
    assert "Not searched: the database and the logs of Prefect's server at" in told
    assert "https://prefect.example:4200" in told
    assert "https://mlflow.example" in told
    assert "secret" not in told


def test_a_server_of_the_users_profile_is_named_too(machine: Path) -> None:
    file = machine / ".prefect/profiles.toml"
    file.parent.mkdir()
    file.write_text('active = "a"\n[profiles.a]\nPREFECT_API_URL = "http://10.0.0.5:4200/api"\n')
    assert any("10.0.0.5:4200" in place for place in searched(machine).out_of_reach)
