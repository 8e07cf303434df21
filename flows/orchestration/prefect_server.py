"""A Prefect server of the command's own, where none is set: it makes runs, and ends with it.

Prefect's temporary server, which a first flow starts, has no scheduler.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from perdura.flows.orchestration.prefect_database import not_started
from perdura.flows.orchestration.server_port import own_port
from perdura.flows.runtime.progress import step

_PORT_FILE = "server.port"
_PATIENCE = 120.0  # seconds

# Kept in memory, as by default, the places of a queue are lost with the server and never freed.
_LEASE_STORAGE = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"
_LEASES = "prefect.server.concurrency.lease_storage.filesystem"


@contextmanager
def own_server(log: Path) -> Generator[str]:
    """The address of a server that ends with the block, or with this process, however that ends.

    Args:
        log: The file that gets what the server says.

    Raises:
        NoServer: It did not answer; the log says why.
        BrokenDatabase: Its database cannot be read.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {_LEASE_STORAGE: _LEASES} | os.environ
    with log.open("ab") as said, own_port(log.with_name(_PORT_FILE)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        module = "perdura.flows.orchestration.prefect_server"
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, str(listening.fileno())],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=environment,
            pass_fds=[listening.fileno()],
        )
    try:
        _wait(process, url)
        yield f"{url}/api"
    finally:
        process.terminate()
        process.communicate()  # closes the pipe, too


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = monotonic() + _PATIENCE
    with step("start Prefect", {}):
        while monotonic() < until and process.poll() is None:
            try:
                with urlopen(f"{url}/api/health", timeout=5):  # noqa: S310 - our own address
                    return
            except (URLError, OSError):
                sleep(0.2)
    code = process.poll()
    ended = f"it ended with code {code}" if code is not None else "it does not answer"
    raise not_started(f"{ended} after {monotonic() - until + _PATIENCE:.0f} s")


def _end_with_parent() -> None:
    """End when the pipe from the parent closes: also after kill -9."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()


def _serve(listening: socket.socket) -> None:
    import uvicorn

    _end_with_parent()
    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    if not server.started:
        sys.exit(1)  # its log says why


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
