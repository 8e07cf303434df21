"""Whether a home can be written, asked before anything is started in it."""

import os
from pathlib import Path

#: What to do where a folder cannot be written.
WRITABLE = (
    "let the user who runs perdura read and write there, or set PERDURA_HOME to a folder where "
    "they may"
)

_FOLDERS = ("data", "data/landing", "data/scratch", "data/prefect", "mlruns")


class ReadOnlyHome(PermissionError):
    """The home, or a part of it, cannot be written. Nothing was done."""


def refuse_read_only(home: Path) -> None:
    """Nothing, if what a command keeps can be written; folders are not there yet or writable.

    Raises:
        ReadOnlyHome: Says which folder cannot be written.
    """
    for folder in (home.absolute() / name for name in _FOLDERS):
        # Of a folder that is not there, where it would be made.
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            continue
        if not there.is_dir():
            why = "it is a file, where a folder is meant to be"
        elif os.statvfs(there).f_flag & os.ST_RDONLY:
            why = "it is mounted read-only"
        else:
            why = "its permissions forbid it"
        raise ReadOnlyHome(
            f"{there} cannot be written, and what is done is kept there: {why}; {WRITABLE}"
        )
