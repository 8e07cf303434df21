"""Locks on folders: a writer has a folder alone; readers share it, or step back."""

import fcntl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive_lock(
    folder: Path, waiting: Callable[[], object], to: str = "extract"
) -> Generator[None]:
    """Have the folder alone, after all others on this machine who asked before.

    The lock ends with its process, however that ends; its file stays and means nothing.

    Args:
        folder: For example the landing folder; made if absent.
        waiting: Called once if another process has it; by raising one does not wait.
        to: What it is wanted for; who wants it for something else is not waited for.
    """
    with _held(folder, waiting, to, fcntl.LOCK_EX):
        yield


@contextmanager
def shared_lock(folder: Path, waiting: Callable[[], object], to: str) -> Generator[None]:
    """Share the folder with all that share it too; an exclusive lock has to wait, or to give up.

    Arguments as of ``exclusive_lock``.
    """
    with _held(folder, waiting, to, fcntl.LOCK_SH):
        yield


@contextmanager
def _held(folder: Path, waiting: Callable[[], object], to: str, how: int) -> Generator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{to}.lock").open("a") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, how)
        yield


@contextmanager
def read_lock(folder: Path) -> Generator[None]:
    """Read a folder for long, beside others; ``try_write_lock`` leaves it alone meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "read.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def try_write_lock(folder: Path) -> Generator[bool]:
    """Whether no process reads the folder for long; if so, none begins before the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "read.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
