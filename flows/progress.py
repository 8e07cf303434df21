"""Progress on standard error, so that what a command prints can be piped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

#: Told how many are done, of how many, and what is at hand.
Tell = Callable[[int, int, str], None]

STDERR = Console(stderr=True, highlight=False)

_COLUMNS = (
    TextColumn("  {task.description:<28}"),
    BarColumn(bar_width=28),
    TimeElapsedColumn(),
    TextColumn("[dim]{task.fields[what]}"),
)


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

        def tell(done: int, total: int, what: str) -> None:
            progress.update(task, completed=done, total=total or 1, what=what)

        yield tell
        progress.update(task, total=1, completed=1, what="")
    seconds[title] = round(perf_counter() - start, 3)
    if not STDERR.is_terminal:
        STDERR.print(f"  {title:<28} {seconds[title]:6.1f} s")
