"""Work done in the background, a little ahead of its consumer."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def ahead(
    work: Callable[[_In], _Out], items: Iterable[_In], *, threads: int = 2
) -> Generator[_Out, None, None]:
    """The results of ``work`` for the items, in order, ``threads`` items at once.

    The items are taken by the caller's own thread; an error is raised in the place of its item. A
    caller that stops before the end closes it, and so waits for the items that have been begun.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[_Out]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
