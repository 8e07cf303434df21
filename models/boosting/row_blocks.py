"""Work on blocks of rows, on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Result = TypeVar("Result")

#: Rows of a block: as float64 beside what is made of them, tens of MiB.
ROWS = 32_768


def cores() -> int:
    """How many cores this process may use: as many as Polars does, so one word tells both."""
    return pl.thread_pool_size()


def in_blocks(
    rows: int,
    work: Callable[[int, int], Result],
    done: Callable[[int], None] | None = None,
    at_once: int = ROWS,
) -> list[Result]:
    """What ``work(start, stop)`` makes of each block of rows, in order, a thread per core.

    Args:
        rows: How many there are.
        work: Must not depend on other blocks; compiled loops let go of Python's lock.
        done: Told after each block, in order, how many rows are done.
        at_once: Rows of a block.
    """
    starts = range(0, rows, at_once)
    results: list[Result] = []
    with ThreadPoolExecutor(max(1, min(cores(), len(starts)))) as threads:
        for result in threads.map(work, starts, (min(s + at_once, rows) for s in starts)):
            results.append(result)
            if done:
                done(min(len(results) * at_once, rows))
    return results
