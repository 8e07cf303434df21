"""Prefect's temporary server ends with the command that started it, also by a kill.

Prefect starts one where the settings name no server, and stops it when the command ends by itself.
A process of its own watches a pipe that closes with the command, however that ends.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

_WATCH = """
import os, select, signal, sys, time
server = int(sys.argv[1])
handle = os.pidfd_open(server) if hasattr(os, "pidfd_open") else None

def end(how):
    try:
        signal.pidfd_send_signal(handle, how) if handle else os.kill(server, how)
    except ProcessLookupError:
        sys.exit()

def ended(seconds):
    return select.select([handle], [], [], seconds)[0] if handle else time.sleep(seconds)

select.select([sys.stdin, *([handle] if handle else [])], [], [])
end(signal.SIGTERM)
if not ended(5):
    end(signal.SIGKILL)
"""


def end_with_us() -> None:
    """Let every temporary server that this process starts end with it. Done again, nothing more.

    A server that the settings name is not ours to end, and none is started then. What one says
    goes into its log. One that ends while it starts is not started again, as Prefect would for
    ever.
    """
    from prefect.server.api.server import SubprocessASGIServer

    from perdura.flows.orchestration.prefect_database import not_started, server_log

    start = SubprocessASGIServer._run_uvicorn_command  # pyright: ignore[reportPrivateUsage]
    if hasattr(start, "__wrapped__"):
        return

    @wraps(start)
    def watched(self: SubprocessASGIServer) -> subprocess.Popen[bytes]:
        if (before := self.server_process) and before.poll() is not None:
            raise not_started(f"it ended with code {before.poll()}")
        with _errors_into(server_log()):
            process = start(self)
        # A session of its own, so that Ctrl-C in a terminal does not end it before the server.
        watching = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", _WATCH, str(process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        atexit.register(watching.communicate)  # closes the pipe, and waits
        return process

    SubprocessASGIServer._run_uvicorn_command = watched  # pyright: ignore[reportPrivateUsage]


@contextmanager
def _errors_into(log: Path) -> Generator[None]:
    """What processes that are started meanwhile say of errors goes into the file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    ours = os.dup(2)
    with log.open("ab") as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(ours, 2)
            os.close(ours)
