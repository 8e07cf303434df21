"""A real PgBouncer between the tests and PostgreSQL.

``python -m tests.debian.pgbouncer`` installs one.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest
import sqlalchemy as sa

from tests.debian.apt import install, program_path

_MISSING = (
    "there is no PgBouncer, through which the risk table is tested: `apt install pgbouncer`, and "
    "on other systems from their packages"
)
_SECONDS = 10.0


@contextmanager
def between(url: str) -> Iterator[str]:
    """The URL of the same database through a PgBouncer in transaction mode with two sessions.

    Without one the test fails where everything must be tested, else it is skipped.
    """
    if (program := program_path("pgbouncer")) is None:
        if "CI" in os.environ:
            raise FileNotFoundError(_MISSING)
        pytest.skip(_MISSING)
    server = sa.make_url(url)
    sockets = Path(str(server.query["host"]))
    # As who runs PostgreSQL, whose folder nobody else may enter: PgBouncer refuses to be root.
    owner = sockets.owner()
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="perdura-pgbouncer-") as folder:
        shutil.chown(folder, owner)
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(_settings(sockets, port))
        shutil.chown(file, owner)
        command = [program, "-u", owner, str(file)] if os.geteuid() == 0 else [program, str(file)]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            bounced = f"postgresql://{server.username}@127.0.0.1:{port}/{server.database}"
            _wait_for(bounced, running)
            yield bounced
        finally:
            running.terminate()
            running.wait()


def _settings(sockets: Path, port: int) -> str:
    return (
        f"[databases]\n* = host={sockets} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 100\n"
        "server_round_robin = 1\n"
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait_for(url: str, running: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if running.poll() is not None or monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return


if __name__ == "__main__":
    what = "PgBouncer, through which the risk table is tested"
    install("pgbouncer", "pgbouncer", what=what, missing=_MISSING)
