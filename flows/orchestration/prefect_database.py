"""The file in which a Prefect server of ours keeps its runs: held, broken or well."""

import shutil
from pathlib import Path

from perdura.flows.orchestration.prefect_setup import setting_of
from perdura.flows.runtime.database_files import BrokenDatabase, broken, wait_for
from perdura.sources.landing.full_disk import DiskFull

_ELSEWHERE = (
    "PREFECT_API_URL",  # a server that is there already opens it
    "PREFECT_API_DATABASE_CONNECTION_URL",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
)
_REMEDY = (
    "Prefect keeps there what it knows of past runs, and nothing of Perdura's is in it: move it "
    "away, with what begins like it beside it, and run the same command again"
)
_LITTLE = 2**20  # bytes


class NoServer(RuntimeError):
    """Prefect's server did not start, or does not answer. Nothing was done."""


def folder() -> Path:
    """Where Prefect keeps what it knows."""
    return Path(setting_of("PREFECT_HOME") or "~/.prefect").expanduser()


def server_log() -> Path:
    """What a server of ours says."""
    return folder() / "server.log"


def wait_for_database() -> None:
    """Return once the file can be written; at once where a server of ours is not to open it.

    Raises:
        DatabaseHeld: Another program has written into it for a minute.
        BrokenDatabase: It is no database any more.
    """
    if file := _file():
        wait_for(file, _REMEDY)


def not_started(why: str) -> Exception:
    """What to raise where a server of ours did not start.

    Its disk is full, its database is broken, or its log says.

    Args:
        why: What was seen from outside.
    """
    if shutil.disk_usage(folder()).free < _LITTLE:
        return DiskFull(folder())
    file = _file()
    if file and (found := broken([file])):
        return BrokenDatabase(f"{found[0]} is broken ({found[1]}); {_REMEDY}")
    return NoServer(f"Prefect's server did not start: {why}. {server_log()} says why")


def _file() -> Path | None:
    if any(setting_of(name) for name in _ELSEWHERE):
        return None
    return folder() / "prefect.db"
