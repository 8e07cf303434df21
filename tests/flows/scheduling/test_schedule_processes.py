"""The processes of a schedule: a run ends with it, and what has nothing to do yet is skipped."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import sleep
from typing import Any

import psutil

from perdura.sources.landing.locks import exclusive_lock
from tests.support.schedule_served import Served, ask, environment, scheduled, wait_for

FIRST = ["refresh-states/perdura", "send-webhooks/perdura", "push-tools/perdura"]


def prefect(env: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def runs(env: Mapping[str, str]) -> list[dict[str, Any]]:
    """Runs that have begun."""
    found = ask(env["PREFECT_API_URL"], "flow_runs/filter", {})
    return [run for run in found if run["state_type"] != "SCHEDULED"]


def with_server(served: Served) -> dict[str, str]:
    api = f"{wait_for(lambda: served.server or '', served)}/api"
    wait_for(lambda: ask(api, "deployments/filter", {}), served)
    return {**served.env, "PREFECT_API_URL": api}


def flow_processes(served: Served) -> list[psutil.Process]:
    """Processes that run flows, started by the schedule."""
    children = psutil.Process(served.process.pid).children(recursive=True)
    return [each for each in children if "prefect.engine" in each.cmdline()]


def test_a_run_ends_at_once_with_a_schedule_that_is_killed(tmp_path: Path, prefect_made: Path):
    home = tmp_path / "home"
    shutil.copytree(prefect_made, home / "data" / "prefect")
    waiting = exclusive_lock(home / "data", lambda: None, to="nights")
    with waiting, scheduled(environment(home), tmp_path / "log") as served:
        env = with_server(served)
        prefect(env, "deployment", "run", "score-nightly/perdura")
        wait_for(lambda: "waiting for another night to end" in served.said, served)
        [night] = flow_processes(served)
        names = [run["name"] for run in runs(env)]
        assert any(name.startswith("night of 20") for name in names), names
        served.stop(signal.SIGKILL)
        psutil.wait_procs([night], timeout=10)
        assert not night.is_running()


def test_before_the_first_night_what_needs_one_is_skipped_in_a_line(
    tmp_path: Path, prefect_made: Path
):
    shutil.copytree(prefect_made, tmp_path / "home" / "data" / "prefect")
    settings = {"PERDURA_WEBHOOKS": "https://example.com/hook", "PERDURA_PUSH": "zendesk"}
    env = environment(tmp_path / "home", **settings)
    with scheduled(env, tmp_path / "log") as served:
        env = with_server(served)
        for deployment in FIRST:
            prefect(env, "deployment", "run", deployment)
        # What the clock makes due beside one of these gives way to it, or it to that.
        wait_for(lambda: len(skipped(env)) >= len(FIRST), served)
        assert set(ended(env)) <= {("Skipped", "COMPLETED"), ("Cancelled", "CANCELLED")}
        sleep(1)
        assert "Traceback" not in served.said
        assert "no night has been published yet" in served.said
        served.stop()


def skipped(env: Mapping[str, str]) -> list[tuple[str, str]]:
    return [state for state in ended(env) if state == ("Skipped", "COMPLETED")]


def ended(env: Mapping[str, str]) -> list[tuple[str, str]]:
    last = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    found = [run for run in runs(env) if run["state_type"] in last]
    return [(run["state"]["name"], run["state_type"]) for run in found]
