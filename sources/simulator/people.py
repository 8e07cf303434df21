"""Who the company's people are: what never changes about a person, and when they come."""

from dataclasses import dataclass

import numpy as np

from perdura.sources.simulator.prices import COUNTRIES, CURRENCY_OF, LIVING_IN, METHODS
from perdura.sources.simulator.vectors import DAY, Bools, Floats, Ints

#: Came before the first simulated month.
BOOK = -1
#: Annual plans begin no earlier in a month, which leaves days to leave before the renewal.
FIRST_OFFSET = 5 * DAY

#: Newcomers a month for each person in the book at the start: a little more than leave.
_NEWCOMERS = 0.031
#: More come in September and January, fewer in summer; January first.
_SIGN_UPS = np.array([1.25, 1.05, 1.0, 1.0, 0.95, 0.9, 0.8, 0.8, 1.2, 1.1, 1.05, 0.9])


@dataclass(frozen=True, slots=True)
class People:
    """Traits, drawn once.

    Attributes:
        number: Number in the whole company, from 0.
        arrives: Simulated month in which they come, from 0; ``BOOK`` for earlier.
        months_before: How many months before the first simulated one the book's people came.
        offset: When in their month they come; for annual plans never in its first five days.
        trial: Whether they begin with a trial.
        converts: Whether they stay after it.
        annual: Whether they pay by the year.
        plan: Their first plan.
        quantity: Seats where the plan counts them.
        country, currency, method: Codes into the lists of ``prices``.
        ticket_rate: Tickets a month in quiet times.
    """

    number: Ints
    arrives: Ints
    months_before: Ints
    offset: Ints
    trial: Bools
    converts: Bools
    annual: Bools
    plan: Ints
    quantity: Ints
    country: Ints
    currency: Ints
    method: Ints
    ticket_rate: Floats

    @property
    def stays(self) -> Bools:
        """Whether they ever pay: all but those that only try."""
        return self.converts | ~self.trial

    @property
    def trial_length(self) -> Ints:
        """How long their trial takes, nothing for those without."""
        return np.where(self.trial, 14 * DAY, 0)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.number)


def draw_people(rng: np.random.Generator, numbers: Ints, first_month: int, months: int) -> People:
    """People with these numbers, who come before or within the simulated months."""
    count = len(numbers)
    annual = rng.random(count) < 0.13
    country = rng.choice(len(COUNTRIES), count, p=LIVING_IN / LIVING_IN.sum())
    coming = _NEWCOMERS * _SIGN_UPS[(first_month + np.arange(months)) % 12]
    shares = np.concatenate([[1.0], coming * 1.008 ** np.arange(months)])
    arrives = rng.choice(months + 1, count, p=shares / shares.sum()) + BOOK
    before = 1 + np.minimum(rng.exponential(18, count), 80).astype(np.int64)
    return People(
        number=numbers,
        arrives=arrives,
        months_before=before,
        offset=np.where(annual, FIRST_OFFSET, 0)
        + (rng.random(count) * np.where(annual, 22.9, 27.9) * DAY).astype(np.int64),
        trial=(rng.random(count) < 0.4) & (arrives != BOOK),
        converts=rng.random(count) < 0.7,
        annual=annual,
        plan=rng.choice(4, count, p=[0.42, 0.3, 0.2, 0.08]),
        quantity=2 + rng.poisson(2.5, count),
        country=country,
        currency=CURRENCY_OF[country],
        method=rng.choice(len(METHODS), count, p=[0.66, 0.16, 0.18]),
        # Most hardly ever write; a few write every month.
        ticket_rate=0.3 * rng.gamma(0.6, 1 / 0.6, count),
    )
