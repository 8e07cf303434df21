"""Work on blocks of rows, on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Result = TypeVar("Result")

#: Rows of a block: with its results, tens of MiB.
ROWS = 32_768


def cores() -> int:
    """How many cores this process may use: as many as Polars uses (``POLARS_MAX_THREADS``)."""
    return pl.thread_pool_size()


def in_blocks(
    rows: int,
    work: Callable[[int, int], Result],
    done: Callable[[int], None] | None = None,
    block_rows: int = ROWS,
) -> list[Result]:
    """The results of ``work(start, stop)`` for each block of rows, in order, one thread per core.

    Args:
        rows: Number of rows.
        work: Must not depend on other blocks. Compiled loops release the GIL.
        done: Called after each block, in order, with the number of rows done.
        block_rows: Rows of a block.
    """
    starts = range(0, rows, block_rows)
    results: list[Result] = []
    with ThreadPoolExecutor(max(1, min(cores(), len(starts)))) as threads:
        for result in threads.map(work, starts, (min(s + block_rows, rows) for s in starts)):
            results.append(result)
            if done:
                done(min(len(results) * block_rows, rows))
    return results
