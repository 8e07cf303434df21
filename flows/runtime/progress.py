"""Progress on standard error, so that what a command prints can be piped."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread
from time import perf_counter
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from perdura.progress import OnProgress

#: Seconds between two lines of a step that takes long, where there is no terminal.
SAID_EVERY = 12.0

STDERR = Console(stderr=True, highlight=False)

_COLUMNS = (
    TextColumn("  {task.description:<28}"),
    BarColumn(bar_width=28),
    TimeElapsedColumn(),
    TextColumn("[dim]{task.fields[what]}"),
)


class _Bar:
    """Moves a bar; a copy that is sent to another process moves none."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: int, total: int, what: str) -> None:
        self._progress.update(self._task, completed=done, total=total or 1, what=what)

    def __reduce__(self) -> tuple[type["_Unseen"], tuple[()]]:
        return _Unseen, ()


class _Lines:
    """Prints lines for logs: at once what is waited for, else every ten seconds what is done."""

    def __init__(self, title: str) -> None:
        self._title, self._begin = title, perf_counter()
        self._latest = ""
        self._ended = Event()

    def __call__(self, done: int, total: int, what: str) -> None:
        if what.startswith("waiting"):
            STDERR.print(f"  {what}", soft_wrap=True)
        self._latest = f"{done:,} of {total:,}{f', {what}' if what else ''}" if total else what

    def __enter__(self) -> Self:
        STDERR.print(f"  {self._title} ...")
        Thread(target=self._say, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        if kind is None:
            STDERR.print(f"  {self._title:<28} {self.seconds:6.1f} s")

    def _say(self) -> None:
        while not self._ended.wait(SAID_EVERY):
            latest = f": {self._latest}" if self._latest else ""
            STDERR.print(f"  {self._title}, after {self.seconds:.0f} s{latest}", soft_wrap=True)

    @property
    def seconds(self) -> float:
        return perf_counter() - self._begin

    def __reduce__(self) -> tuple[type["_Unseen"], tuple[()]]:
        return _Unseen, ()


class _Unseen:
    """Progress that is not shown."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Say nothing."""


@contextmanager
def step(title: str, seconds: dict[str, float]) -> Generator[OnProgress]:
    """A bar for one step of work, or lines where there is no terminal; its seconds are kept.

    Args:
        title: What is being done.
        seconds: Gets ``title`` and how long the step took.
    """
    start = perf_counter()
    if STDERR.is_terminal:
        with Progress(*_COLUMNS, console=STDERR) as progress:
            task = progress.add_task(title, total=None, what="")
            yield _Bar(progress, task)
            progress.update(task, total=1, completed=1, what="")
    else:
        with _Lines(title) as shown:
            yield shown
    seconds[title] = round(perf_counter() - start, 3)
