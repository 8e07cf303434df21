"""What became of every row that was read, each counted once, whatever number of events it holds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN

FATE = "fate"
#: Of several events of one row the highest counts.
HAD_BEFORE, LATER, LANDED, REJECTED = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows of the files of a table, lines that could not be split included.

    A row with several events counts where it is of most interest: as rejected if one of them is,
    else as landed, else as for later. ``read`` is the sum of all others.

    Attributes:
        read: Rows in the files.
        landed: Rows of which an event landed on this day.
        had_before: Rows with all events in other days' files.
        later: Rows of which an event is not known yet, and none landed.
        dropped: Rows that the mapping's ``where`` leaves out.
        rejected: Rows of which an event broke a rule, and lines that are no rows.
    """

    read: int = 0
    landed: int = 0
    had_before: int = 0
    later: int = 0
    dropped: int = 0
    rejected: int = 0

    def __post_init__(self) -> None:
        counted = sum(getattr(self, column.name) for column in fields(self)) - self.read
        if counted != self.read or self.dropped < 0:
            raise AssertionError(f"rows were lost on the way, a fault of ours: {self}")


def fates(*found: tuple[pl.DataFrame, int]) -> pl.DataFrame:
    """``ORIGIN``, ``ROW`` and ``FATE`` of events, the highest of each row."""
    rising = sorted(
        ((rows.select(ORIGIN, ROW), fate) for rows, fate in found), key=lambda pair: pair[1]
    )
    every = [_EMPTY]
    for origin in pl.concat(rows[ORIGIN] for rows, _ in rising).unique().sort():
        numbers = [rows.filter(pl.col(ORIGIN) == origin)[ROW].to_numpy() for rows, _ in rising]
        fate = np.zeros(max(int(rows_read.max(initial=0)) for rows_read in numbers) + 1, np.uint8)
        for rows_read, (_, number) in zip(numbers, rising, strict=True):
            fate[rows_read] = number  # a higher one takes the place of a lower
        rows = np.flatnonzero(fate)
        columns = {ORIGIN: np.full(len(rows), origin), ROW: rows, FATE: fate[rows]}
        every.append(pl.DataFrame(columns, schema=_EMPTY.schema))
    return pl.concat(every)


_EMPTY = pl.DataFrame(schema={ORIGIN: pl.UInt32, ROW: pl.UInt32, FATE: pl.UInt8})


def summed(found: Sequence[pl.DataFrame], *, spread: bool) -> dict[int, int]:
    """How many rows have each fate.

    Args:
        found: ``fates`` of the events, by ranges of people.
        spread: Whether events of one row may be of several people, and so in several ranges.
    """
    if spread and len(found) > 1:
        found = [pl.concat(found).group_by(ORIGIN, ROW).agg(pl.col(FATE).max())]
    many = Counter[int]()
    for fates_found in found:
        many.update(dict(fates_found[FATE].value_counts().iter_rows()))
    return many


def count_rows(read: int, lines: int, kept: int, many: dict[int, int]) -> RowCounts:
    """What became of the rows.

    Args:
        read: How many rows there are, broken lines included.
        lines: How many of them are lines that could not be split.
        kept: How many ``where`` keeps.
        many: How many of these have each fate.
    """
    return RowCounts(
        read=read,
        landed=many.get(LANDED, 0),
        had_before=many.get(HAD_BEFORE, 0),
        later=many.get(LATER, 0),
        dropped=read - lines - kept,
        rejected=lines + many.get(REJECTED, 0),
    )
