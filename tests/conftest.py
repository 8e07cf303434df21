"""What every test shares: one Prefect server, one simulated company with a champion."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, settings

from perdura.flows.orchestration.prefect_setup import quiet
from tests.support import postgres as postgresql
from tests.support.made_once import made_once
from tests.support.schedule_served import server

settings.register_profile("perdura", deadline=None, derandomize=True, max_examples=30)
# To draw otherwise: pytest --hypothesis-profile=seeded --hypothesis-seed=7
settings.register_profile(
    "seeded", deadline=None, max_examples=100, database=None, phases=[Phase.generate]
)
settings.load_profile("perdura")
# Gone with the tests, and never in the folder that they are started in.
_prefect_folder = TemporaryDirectory(prefix="perdura-tests-prefect-", ignore_cleanup_errors=True)
os.environ["PREFECT_HOME"] = _prefect_folder.name
quiet()


#: Files that take long, in the order in which workers begin with them: none is left for the end.
LONG = (
    "flows/scheduling/test_operator_days.py",
    "models/test_oracle.py",
    "flows/test_flows.py",
    "flows/scheduling/test_schedule_runs.py",
    "flows/erasure/test_erase.py",
    "flows/test_contacts_flow.py",
    "flows/scheduling/test_schedule_processes.py",
    "risk/publish/test_killed.py",
    "flows/cli/test_command_line.py",
    "flows/test_copied_home.py",
    "project/test_notebooks.py",
    "project/test_readme.py",
    "project/test_make.py",
    "sources/mapping/test_snapshot_beside_log.py",
    "sources/mapping/test_snapshots.py",
    "flows/cli/test_early_refusals.py",
    "flows/cli/test_init_and_check.py",
    "flows/cli/test_init_on_a_terminal.py",
    "flows/cli/test_extract_command.py",
    "flows/cli/test_first_training.py",
    "flows/runtime/test_cluster.py",
    "flows/erasure/test_ambiguous_ids.py",
    "sources/landing/test_erase.py",
    "sources/mapping/test_written_values.py",
    "sources/mapping/test_bad_input.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long files and put them first; ``--no-loadscope-reorder`` keeps the order."""
    folder = Path(__file__).parent
    places = {folder / name: place for place, name in enumerate(LONG)}
    for item in items:
        if item.path in places:
            item.add_marker("soak")
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


@pytest.fixture(scope="session")
def prefect_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Prefect server that has made its database, which takes seconds. Copy it."""

    def make(folder: Path) -> None:
        with server(folder):
            pass
        (folder / "server.port").unlink()

    return made_once(tmp_path_factory, "prefect", make)


@pytest.fixture(scope="session")
def prefect_folder(prefect_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this session's Prefect server."""
    return shutil.copytree(prefect_made, tmp_path_factory.mktemp("session") / "prefect")


@pytest.fixture(scope="session")
def prefect_address(prefect_folder: Path) -> Iterator[str]:
    """A real Prefect server of this session's own, in which nothing is recorded unasked."""
    with server(prefect_folder) as url:
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: url}):  # clients of this process ask it, too
            yield url


@pytest.fixture
def prefect_server(prefect_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a real Prefect server that records the runs of this test."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_address)
    return prefect_address


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated company of 1,600 subscribers over 16 months, until 2026-11-01."""
    from perdura.sources.simulator import simulate

    return made_once(
        tmp_path_factory, "company", lambda out: simulate(out, subscribers=1_600, months=16)
    )


@pytest.fixture
def without_earlier_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of this test ask neither earlier dates nor days left out: half of their time."""
    monkeypatch.setenv("PERDURA_TRAINING__EARLIER_DATES", "0")
    monkeypatch.setenv("PERDURA_TRAINING__CUT_DAYS", "0")


@pytest.fixture(scope="session")
def trained(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the company's events and a champion. Copy it to change it."""
    from datetime import date

    from perdura.flows.steps.extract_sources import extract_sources
    from perdura.flows.train_weekly import train_weekly

    def train(home: Path) -> None:
        extract_sources(company / "mapping.toml", date(2026, 11, 1), home)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PERDURA_TRAINING__EARLIER_DATES", "1")  # of four by default, for speed
            assert train_weekly(home=home).promoted

    return made_once(tmp_path_factory, "trained", train)


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgresql.Server]:
    """A real PostgreSQL of this session's own."""
    with postgresql.started() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: postgresql.Server) -> Iterator[str]:
    """A new database in PostgreSQL."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that has never been written to, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/risk.db"
    return request.getfixturevalue("postgres_url")
