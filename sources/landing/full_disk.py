"""A disk that is full, said as that: libraries say it in many ways, or blame the rows."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_SAID = ("no space left on device", "disk quota exceeded", "database or disk is full")


class DiskFull(OSError):
    """There is no room to write what is to be written. What was there stays as it was."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the disk of {folder.absolute()} is full; make room there and run the same command "
            "again: nothing that was there before has changed"
        )


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, says that a disk is full."""
    if error is None:
        return False
    of_system = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    said = any(words in str(error).lower() for words in _SAID)
    return of_system or said or is_full(error.__cause__ or error.__context__)


@contextmanager
def room_in(folder: Path) -> Generator[None]:
    """Write into a folder; where its disk is full, that is what the error says.

    Raises:
        DiskFull: There is no room.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DiskFull) or not is_full(error):
            raise
        raise DiskFull(folder) from error
