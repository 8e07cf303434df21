"""One month of one chunk of people: what the steps within it share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perdura.sources.simulator.journal import Journal
from perdura.sources.simulator.lives import Lives, Service, described
from perdura.sources.simulator.people import People
from perdura.sources.simulator.prices import REASONS
from perdura.sources.simulator.vectors import DAY, MINUTE, Floats, Ints, Month

BY_CHOICE, BY_PAYMENT, BY_COMPANY = range(len(REASONS))


@dataclass(frozen=True, slots=True)
class Step:
    """A month about to happen.

    Attributes:
        rng: Chance, of this month and chunk alone.
        month: Which.
        people, lives, service, journal: Who, how they stand, what the month holds for them,
            and what has happened.
    """

    rng: np.random.Generator
    month: Month
    people: People
    lives: Lives
    service: Service
    journal: Journal

    def chances(self, count: int) -> Floats:
        """Chances in [0, 1): a row for each of ``count`` uses, a column for each person."""
        return self.rng.random((count, self.people.count))

    def write(
        self, kind: str, persons: Ints, when: Ints, *, late: float = 0.0, **columns: npt.ArrayLike
    ) -> None:
        """Write events that are known within minutes, a share of ``late`` days or weeks later."""
        self.journal.write(kind, persons, when, known_later(self.rng, when, late), **columns)

    def subscribe(
        self,
        kind: str,
        persons: Ints,
        when: Ints,
        *,
        pays: bool = True,
        reason: int = -1,
        late: float | None = None,
    ) -> None:
        """Write subscription events as lives stand; known as they happen unless ``late``."""
        known_at = when if late is None else known_later(self.rng, when, late)
        own = described(self.lives, persons, pays=pays, reason=reason)
        self.journal.write(kind, persons, when, known_at, **own)


def known_later(rng: np.random.Generator, happened_at: Ints, late: float) -> Ints:
    """When each row can first be read; a share of ``late`` arrives between a day and a month."""
    count = len(happened_at)
    prompt = (rng.random(count) * 10 * MINUTE).astype(np.int64)
    weeks = np.clip(rng.exponential(6, count) + 1, 1, 30) * DAY
    return happened_at + np.where(rng.random(count) < late, weeks.astype(np.int64), prompt)
