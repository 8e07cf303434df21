"""One at a time: whoever changes a landing has it alone."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone_in(landing: Path, waiting: Callable[[], object]) -> Iterator[None]:
    """Have the landing alone, after all others on this machine who asked before.

    The lock ends with its process, however that ends; its file stays and means nothing.

    Args:
        landing: The landing folder; made if absent.
        waiting: Called once if somebody else has it.
    """
    landing.mkdir(parents=True, exist_ok=True)
    with (landing / "extract.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
