"""Progress on standard error, so that what a command prints can be piped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

#: Told how many are done, of how many, and what is at hand.
Tell = Callable[[int, int, str], None]

STDERR = Console(stderr=True, highlight=False)

_COLUMNS = (
    TextColumn("  {task.description:<28}"),
    BarColumn(bar_width=28),
    TimeElapsedColumn(),
    TextColumn("[dim]{task.fields[what]}"),
)


class _Shown:
    """Moves a bar; a copy that is sent to another process moves none."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: int, total: int, what: str) -> None:
        self._progress.update(self._task, completed=done, total=total or 1, what=what)
        if self._progress.disable and what.startswith("waiting"):
            STDERR.print(f"  {what}")

    def __reduce__(self) -> tuple[type["_Unseen"], tuple[()]]:
        return _Unseen, ()


class _Unseen:
    """Where nobody watches."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Say nothing."""


@contextmanager
def step(title: str, seconds: dict[str, float]) -> Iterator[Tell]:
    """A bar for one step of work, or a line where nobody watches; its seconds are kept.

    Args:
        title: What is being done.
        seconds: Gets ``title`` and how long the step took.
    """
    start = perf_counter()
    with Progress(*_COLUMNS, console=STDERR, disable=not STDERR.is_terminal) as progress:
        task = progress.add_task(title, total=None, what="")
        yield _Shown(progress, task)
        progress.update(task, total=1, completed=1, what="")
    seconds[title] = round(perf_counter() - start, 3)
    if not STDERR.is_terminal:
        STDERR.print(f"  {title:<28} {seconds[title]:6.1f} s")
