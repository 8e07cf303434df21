"""Another date for the processes that a test starts.

``python -m tests.debian.faked_clock`` installs what it takes.

libfaketime shifts the clock of a process and of all that it starts.
"""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

_MISSING = "there is no libfaketime, which dates nights in the tests: `apt install faketime`"


def found() -> Path | None:
    """The library, if the system has it."""
    places = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    return next((place for place in places if platform.machine() in str(place)), None)


def clock_at(moment: datetime) -> dict[str, str]:
    """The environment in which it is ``moment`` now, and goes on from there.

    Without the library the test fails where everything must be tested, else it is skipped.
    """
    if (library := found()) is None:
        if "CI" in os.environ:
            raise FileNotFoundError(_MISSING)
        pytest.skip(_MISSING)
    seconds = round((moment - datetime.now(UTC)).total_seconds())
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{seconds:+d}", "TZ": "UTC"}


def _install() -> None:
    """Install it if there is none, where we may."""
    if found() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing libfaketime, which dates nights in the tests (once) ...")  # noqa: T201
    commands = [
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "libfaketime"],
    ]
    if not all(subprocess.run(command, check=False).returncode == 0 for command in commands):
        print(_MISSING)  # noqa: T201


if __name__ == "__main__":
    _install()
