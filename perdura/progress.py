"""Progress of long work: steps done, steps in all, and the current step."""

from collections.abc import Callable

#: Called with steps done, steps in all, and what is being done.
OnProgress = Callable[[int, int, str], None]


def no_progress(done: int, total: int, what: str) -> None:
    """Report nothing."""
