"""The vectors of the simulation: one entry a person unless said otherwise; time in µs UTC."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: Later than everything, and still safe to add a few years to.
NEVER = 2**61


def start_of(months: Ints) -> Ints:
    """The first moment of each month, months counted from January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC: ``[start, end)``, counted from January 1970."""

    count: int

    @property
    def start(self) -> int:
        """Its first moment."""
        return int(start_of(np.array([self.count]))[0])

    @property
    def end(self) -> int:
        """The first moment after it."""
        return Month(self.count + 1).start

    @property
    def of_year(self) -> int:
        """0 for January to 11 for December."""
        return self.count % 12


def days(low: float, high: float, chance: Floats) -> Ints:
    """A length of time between ``low`` and ``high`` days, for each chance in [0, 1)."""
    return ((low + (high - low) * chance) * DAY).astype(np.int64)
