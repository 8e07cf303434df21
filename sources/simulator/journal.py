"""Everything that happened so far, asked in the same terms as a feature asks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perdura.sources.simulator.vectors import DAY, NEVER, Floats, Ints

#: Streams told apart here though the company writes one kind for all of them.
KIND_OF = {
    "price_raised": "plan_changed",
    "upgraded": "plan_changed",
    "downgraded": "plan_changed",
    "followed_up": "replied",
}


@dataclass(frozen=True, slots=True)
class JournalRows:
    """Events of one stream: numbers of persons in the chunk, two times, and other columns."""

    persons: Ints
    happened_at: Ints
    known_at: Ints
    columns: dict[str, npt.NDArray[Any]]

    def between(self, since: int, as_of: int) -> "JournalRows":
        """Those with ``happened_at`` in ``[since, as_of)`` that were known before ``as_of``."""
        known = (self.known_at < as_of) & (self.happened_at >= since) & (self.happened_at < as_of)
        if known.all():
            return self
        columns = {name: column[known] for name, column in self.columns.items()}
        times = self.happened_at[known], self.known_at[known]
        return JournalRows(self.persons[known], *times, columns)


class Journal:
    """The events of one chunk of people, by stream: a kind, or a part of one (``KIND_OF``)."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.streams: dict[str, list[JournalRows]] = {}
        self._numbers: dict[str, int] = {}

    def write(
        self,
        stream: str,
        persons: Ints,
        happened_at: Ints,
        known_at: Ints,
        **columns: npt.ArrayLike,
    ) -> None:
        """Add one row for each entry of ``persons``; single values hold for all of them."""
        own = {name: np.broadcast_to(np.asarray(c), len(persons)) for name, c in columns.items()}
        if len(persons):
            self.streams.setdefault(stream, []).append(
                JournalRows(persons, happened_at, known_at, own)
            )

    def numbers(self, kind: str, count: int) -> Ints:
        """The next ``count`` numbers, for identifiers of invoices, payments or tickets."""
        first = self._numbers.get(kind, 0)
        self._numbers[kind] = first + count
        return np.arange(first, first + count, dtype=np.int64)

    def known(self, stream: str, as_of: int, window: int | None = None) -> list[JournalRows]:
        """Rows with ``happened_at`` in ``[as_of - window days, as_of)`` and known before it."""
        since = -NEVER if window is None else as_of - window * DAY
        return [part.between(since, as_of) for part in self.streams.get(stream, ())]

    def count(self, stream: str, as_of: int, window: int | None = None) -> Floats:
        """How many such rows each person has."""
        return self.sum(stream, None, as_of, window)

    def sum(self, stream: str, column: str | None, as_of: int, window: int | None = None) -> Floats:
        """The sum of ``column`` over such rows (of ones, without a column), for each person."""
        total = np.zeros(self.people)
        for part in self.known(stream, as_of, window):
            weights = None if column is None else part.columns[column]
            total += np.bincount(part.persons, weights, minlength=self.people)
        return total
