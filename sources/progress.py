"""Progress of long work: how many steps are done, of how many, and which is at hand."""

from collections.abc import Callable

#: Called with steps done, steps in all, and what is being done.
OnProgress = Callable[[int, int, str], None]


def no_progress(done: int, total: int, what: str) -> None:
    """Report to no one."""
