"""The schedule from outside: the server makes the runs, and the risk table holds the night."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
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
from tests.support.schedule_served import environment, scheduled, server, soon, wait_for

LISTS = [
    "deployment ls", "flow-run ls", "flow ls", "artifact ls", "work-pool ls", "work-queue ls",
    "automation ls", "variable ls", "global-concurrency-limit ls", "task-run ls", "block ls",
    "deployment schedule ls score-nightly/perdura",
]  # fmt: skip


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
            for words in LISTS:
                done = prefect(words, env)
                assert done.returncode == 0, (words, done.stdout, done.stderr)
            assert "score-nightly" in prefect("deployment ls", env).stdout
            [made] = [run for run in nights(env) if run["state_type"] != "SCHEDULED"]
            assert made["auto_scheduled"]
            served.stop()


def test_a_run_that_never_appears_is_reported_and_its_night_is_made_up(home, tmp_path):
    url = Settings(home=home).risk_url
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
            wait_for(lambda: "score-nightly/perdura was due" in served.health()[1], served)
            assert served.health()[0] == 1
            assert "the Prefect server has made no run of it" in served.said
            wait_for(
                lambda: due.date() in published_dates(url), served
            )  # the calendar knows it, too


def test_without_a_server_the_schedule_starts_one_that_ends_with_it(home, tmp_path):
    with scheduled(environment(home), tmp_path / "log") as served:
        address = wait_for(lambda: served.server or "", served)
        env = {**served.env, "PREFECT_API_URL": f"{address}/api"}
        # A temporary server, which has no scheduler, would never have one.
        wait_for(lambda: any(run["auto_scheduled"] for run in nights(env)), served)
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


def prefect(words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prefect", *words.split()]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def nights(env: Mapping[str, str]) -> list[dict[str, Any]]:
    """The runs of the deployment that scores nights, those to come among them."""
    done = prefect("flow-run ls --flow-name score-nightly --limit 200 -o json", env)
    return json.loads(done.stdout) if done.returncode == 0 else []


def is_gone(address: str) -> bool:
    try:
        with urlopen(f"{address}/api/health", timeout=5):  # noqa: S310
            return False
    except (URLError, OSError):
        return True
