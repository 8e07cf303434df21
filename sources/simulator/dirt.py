"""Rows that no reader should take: what real exports hold besides what happened."""

import numpy as np
import polars as pl

from perdura.sources.simulator.vectors import DAY

#: Shares of the rows that also stand there a second time, or with an impossible time.
_TWICE = 0.001
_IMPOSSIBLE = 0.0005
_FIVE_YEARS = 5 * 365 * DAY


def with_dirt(rows: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, int]:
    """The same rows and some more, all to be rejected, and how many more.

    Added are exact copies, and copies known before they happened or said to happen years
    from now. Every true row stays.
    """
    u = rng.random(len(rows))
    copies = rows.filter(u < _TWICE)
    early, far = (
        rows.filter((u > 1 - _IMPOSSIBLE * (half + 1) / 2) & (u <= 1 - _IMPOSSIBLE * half / 2))
        for half in (0, 1)
    )
    early = early.with_columns(known_at=pl.col("happened_at") - 3 * DAY)
    far = far.with_columns(happened_at=pl.col("happened_at") + _FIVE_YEARS)
    added = [copies, early, far]
    return pl.concat([rows, *added]), sum(map(len, added))
