"""The schedule from outside: the server makes the runs, and the risk table holds the night."""

import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from perdura.flows.settings import Settings
from perdura.risk.query.queries import clear_night
from perdura.risk.store.connect import writing
from perdura.risk.table import published_dates
from tests.support.schedule_served import ask, environment, scheduled, server, soon, wait_for

LISTS = [
    "deployment ls", "flow-run ls", "flow ls", "artifact ls", "work-pool ls", "work-queue ls",
    "automation ls", "variable ls", "global-concurrency-limit ls", "task-run ls", "block ls",
    "deployment schedule ls score-nightly/perdura",
]  # fmt: skip

# `prefect WORDS` for each, in one process: a start of Prefect's command takes seconds.
LIST_ALL = """
import sys
from prefect.cli import app
for words in sys.argv[1:]:
    sys.argv = ["prefect", *words.split()]
    try:
        app()
    except SystemExit as end:
        if end.code:
            sys.exit(f"prefect {words}: code {end.code}")
"""


@pytest.fixture(scope="module")
def home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(trained, tmp_path_factory.mktemp("scheduled") / "home")


def test_the_scheduler_makes_the_night_that_is_due(home, tmp_path):
    # At 026edc5 it never did: Prefect 3.8.8 failed at every pass of its scheduler.
    url = Settings(home=home).risk_url
    with server(tmp_path / "prefect") as api:
        due = soon(datetime.now(UTC), timedelta(seconds=30))
        env = environment(home, PREFECT_API_URL=api, PERDURA_NIGHT_AT=f"{due:%H:%M}")
        with scheduled(env, tmp_path / "log") as served:
            wait_for(lambda: due.date() in published_dates(url), served)
            code, said = served.health()
            assert code == 0, said
            done = subprocess.run(
                [sys.executable, "-c", LIST_ALL, *LISTS],
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert "score-nightly" in done.stdout
            [made] = [run for run in nights(api) if run["state_type"] != "SCHEDULED"]
            assert made["auto_scheduled"]
            served.stop()


def test_a_run_that_never_appears_is_reported_and_its_night_is_made_up(
    home, tmp_path, prefect_made
):
    url = Settings(home=home).risk_url
    shutil.copytree(prefect_made, tmp_path / "prefect")
    clear_nights(url)
    with server(tmp_path / "prefect", PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED="false") as api:
        due = soon(datetime.now(UTC), timedelta(seconds=75))
        env = environment(
            home,
            PREFECT_API_URL=api,
            PERDURA_NIGHT_AT=f"{due:%H:%M}",
            PERDURA_OVERDUE_MINUTES="0.2",
        )
        with scheduled(env, tmp_path / "log") as served:
            wait_for(lambda: "the Prefect server has made no run of it" in served.said, served)
            code, said = served.health()
            assert (code, "score-nightly/perdura was due" in said) == (1, True), said
            wait_for(
                lambda: due.date() in published_dates(url), served
            )  # the calendar knows it, too


def test_without_a_server_the_schedule_starts_one_that_ends_with_it(home, tmp_path):
    with scheduled(environment(home), tmp_path / "log") as served:
        address = wait_for(lambda: served.server or "", served)
        # A temporary server, which has no scheduler, would never have one.
        wait_for(lambda: any(run["auto_scheduled"] for run in nights(f"{address}/api")), served)
        served.stop(signal.SIGKILL)
        code, said = served.health()
        assert (code, "not running" in said) == (1, True), said
        until = monotonic() + 30
        while not is_gone(address) and monotonic() < until:
            sleep(0.2)
        assert is_gone(address)


def clear_nights(url: str) -> None:
    """Take all nights out, and the schedule's record of the home."""
    with writing(url) as connection:
        for day in published_dates(url):
            clear_night(connection, day)


def nights(api: str) -> list[dict[str, Any]]:
    """The runs of the flow that scores nights, those to come among them."""
    return ask(api, "flow_runs/filter", {"flows": {"name": {"any_": ["score-nightly"]}}})


def is_gone(address: str) -> bool:
    try:
        with urlopen(f"{address}/api/health", timeout=5):  # noqa: S310
            return False
    except (URLError, OSError):
        return True
