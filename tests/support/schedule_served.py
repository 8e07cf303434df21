"""`perdura schedule` as an operator runs it: the real command, on a server that makes runs."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx
import pytest

from perdura.flows.orchestration.prefect_server import own_server

#: Seconds until what should come must have come; a busy machine takes minutes to start a server.
PATIENCE = 300.0

T = TypeVar("T")

_ADDRESS = re.compile(r"Prefect's pages, while this runs: (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True)
class Served:
    """A schedule that runs: its process, and the file with what it has said so far."""

    process: subprocess.Popen[bytes]
    log: Path
    env: Mapping[str, str]

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def server(self) -> str | None:
        """The address of the server that the schedule started, once it has said so."""
        found = _ADDRESS.search(self.said)
        return found[1] if found else None

    def health(self) -> tuple[int, str]:
        done = run(["schedule", "--health"], self.env)
        return done.returncode, done.stdout

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE)


def environment(home: Path, **settings: str) -> dict[str, str]:
    """The environment of a command in ``home``; no server of the test session is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PERDURA_HOME": str(home)} | settings


def run(
    words: list[str], env: Mapping[str, str], *through: str
) -> subprocess.CompletedProcess[str]:
    """The command line, to its end; ``through`` another command, such as ``setpriv``."""
    command = [*through, sys.executable, "-m", "perdura.flows.cli.app", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@contextmanager
def server(folder: Path, **settings: str) -> Iterator[str]:
    """The address of a real Prefect server with a database of its own in ``folder``."""
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("PREFECT_")]:
                patch.delenv(name)
            for name, value in {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", **settings}.items():
                patch.setenv(name, value)
            patch.setenv("PREFECT_HOME", str(folder))
            folder.mkdir(parents=True, exist_ok=True)
            url = running.enter_context(own_server(folder / "server.log"))
        yield url


def ask(api: str, what: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server answers; nothing while it does not."""
    try:
        return httpx.post(f"{api}/{what}", json=body, timeout=60).raise_for_status().json()
    except httpx.HTTPError:
        return []


@contextmanager
def scheduled(env: Mapping[str, str], log: Path) -> Iterator[Served]:
    """The schedule, running until the block ends."""
    with log.open("wb") as said:
        command = [sys.executable, "-m", "perdura.flows.cli.app", "schedule"]
        process = subprocess.Popen(command, env=env, stdout=said, stderr=said)
    served = Served(process, log, env)
    try:
        yield served
    finally:
        if process.poll() is None:
            served.stop(signal.SIGKILL)


def soon(now: datetime, margin: timedelta) -> datetime:
    """The next whole minute that is at least ``margin`` away."""
    return (now + margin + timedelta(minutes=1)).replace(second=0, microsecond=0)


def wait_for(ask: Callable[[], T], served: Served) -> T:
    """The first true answer; fails with what the schedule has said."""
    until = monotonic() + PATIENCE
    while monotonic() < until:
        if answer := ask():
            return answer
        assert served.process.poll() is None, served.said
        sleep(0.5)
    raise AssertionError(served.said)
