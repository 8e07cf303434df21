"""What a command leaves when it is killed: no server of Prefect's, no token of another server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.risk.test_table import MARCH_2, put, score, scores

START = """
import time
from perdura.flows.orchestration.prefect_setup import quiet, start
quiet()
start(on_cluster=True)
from prefect.server.api.server import SubprocessASGIServer as Server
(server,) = Server._instances.values()
print(server.server_process.pid, flush=True)
time.sleep(float(__import__("sys").argv[1]))
"""


def environment(home: Path) -> dict[str, str]:
    """Without a server of the session's."""
    own = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return own | {"PERDURA_HOME": str(home)}


def ended(process: psutil.Process, seconds: float) -> bool:
    """Whether it ends within so many seconds."""
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_temporary_server_of_prefects_ends_with_its_command(tmp_path: Path, how: int | None):
    running = subprocess.Popen(
        [sys.executable, "-c", START, "600" if how else "0"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    try:
        server = psutil.Process(int(running.stdout.readline()))
        watching = [each for each in psutil.Process(running.pid).children() if each != server]
        assert how is None or server.is_running()
        if how:
            running.send_signal(how)
        running.wait(60)
        assert ended(server, 30)
        assert all(ended(each, 30) for each in watching)
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


@contextmanager
def serving(home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """``perdura serve`` with a token of its own, and what it announces."""
    command = [
        sys.executable,
        "-m",
        "perdura.flows.cli.app",
        "serve",
        "--with-token",
        "--json",
    ]
    running = subprocess.Popen(
        [*command, "--port", "0", *words],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    try:
        lines = ""
        while not lines.rstrip().endswith("}"):
            line = running.stdout.readline()
            assert line, "it ended"
            lines += line
        yield running, json.loads(lines)
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()


def answers(address: str, token: str) -> int:
    bearer = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{address}/v1/freshness", headers=bearer, timeout=30).status_code


def test_two_servers_on_any_port_leave_each_others_tokens_and_a_killed_ones_goes(tmp_path: Path):
    put(scores(score("ann", 0.3, mrr=900)), f"sqlite:///{tmp_path}/data/risk.db", MARCH_2)
    with serving(tmp_path) as (killed, first), serving(tmp_path) as (_, second):
        assert answers(first["address"], first["token"]) == 200
        assert answers(second["address"], second["token"]) == 200
        killed.kill()
        killed.wait()
        assert answers(second["address"], first["token"]) == 200  # nobody has looked yet
        with serving(tmp_path) as (_, third):
            assert answers(third["address"], first["token"]) == 401
            assert answers(third["address"], second["token"]) == 200


def test_an_address_that_is_taken_is_said_before_anything_is_written(tmp_path: Path):
    put(scores(score("ann", 0.3, mrr=900)), f"sqlite:///{tmp_path}/data/risk.db", MARCH_2)
    with serving(tmp_path) as (_, first):
        port = first["address"].rpartition(":")[2]
        again = subprocess.run(
            [
                sys.executable,
                "-m",
                "perdura.flows.cli.app",
                "serve",
                "--port",
                port,
                "--with-token",
            ],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode == 1
        assert f"asked to listen at 127.0.0.1:{port}; Address already in use" in again.stderr
        assert answers(first["address"], first["token"]) == 200
