"""A real MariaDB, which speaks as MySQL does. ``python -m tests.debian.mariadb`` installs one."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.debian.apt import install, program_path

_MISSING = (
    "there is no MariaDB, from which queries of MySQL are tested: `apt install "
    "mariadb-server-core`, and on other systems from their packages"
)
_TABLES = Path("/usr/share/mysql/mysql_system_tables.sql")
_ROOT = """INSERT INTO global_priv VALUES ('localhost','root','{"access":18446744073709551615}');"""
_SECONDS = 20.0


@contextmanager
def started() -> Iterator[Path]:
    """The socket of a server, which root may use without a password; its data are lost with it.

    Without one the test fails where everything must be tested, else it is skipped.
    """
    program = program_path("mariadbd")
    if program is None or not _TABLES.exists():
        if "CI" in os.environ:
            raise FileNotFoundError(_MISSING)
        pytest.skip(_MISSING)
    with tempfile.TemporaryDirectory(prefix="perdura-mariadb-") as folder:
        socket = Path(folder) / "socket"
        command = _command(program, Path(folder))
        system = f"CREATE DATABASE mysql;\nUSE mysql;\n{_TABLES.read_text()}\n{_ROOT}\n"
        subprocess.run(
            [*command, "--bootstrap"], input=system.encode(), check=True, capture_output=True
        )
        running = subprocess.Popen(
            [*command, f"--socket={socket}", "--skip-networking"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(socket, running)
            yield socket
        finally:
            running.terminate()
            running.wait()


def _command(program: str, folder: Path) -> list[str]:
    user = ["--user=root"] if os.geteuid() == 0 else []
    small = ["--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M"]
    return [program, "--no-defaults", *user, f"--datadir={folder}", *small]


def _wait_for(socket: Path, running: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _SECONDS
    while not socket.exists():
        if running.poll() is not None or monotonic() > deadline:
            raise TimeoutError("MariaDB did not start")
        sleep(0.05)


if __name__ == "__main__":
    what = "MariaDB, from which queries of MySQL are tested"
    install("mariadbd", "mariadb-server-core", what=what, missing=_MISSING)
