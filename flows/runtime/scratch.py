"""Folders for work in progress, which hold people's rows and end with the work, however it ends."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

from perdura.sources.landing.locks import exclusive_lock

_LOCK = ".lock"


@contextmanager
def scratch(home: Path, what: str) -> Generator[Path]:
    """A folder of the home that every worker can read, for as long as the work takes.

    What killed processes have left is removed first.
    """
    data = home.absolute() / "data"
    folder = data / "scratch" / f"{what}-{uuid4().hex[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(data, lambda: None, to="scratch"):
        remove_abandoned(folder.parent)
        lock = _lock_of(folder).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir()
    with lock:
        try:
            yield folder
        finally:
            _remove(folder)


def remove_abandoned(folders: Path) -> int:
    """Remove the folders of ended processes, and count them. One caller at a time.

    A process holds the lock beside its folder until it ends, also by a kill. Workers that outlive
    it, on other machines say, make no folders; what they write late goes the next time.
    """
    found = {path.with_suffix("") if path.suffix == _LOCK else path for path in folders.iterdir()}
    removed = 0
    for folder in found:
        try:
            with _lock_of(folder).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
        except BlockingIOError:
            continue
        except FileNotFoundError:  # an older version made it, or it has just been removed
            rmtree(folder, ignore_errors=True)
        removed += 1
    return removed


def _remove(folder: Path) -> None:
    rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)
