"""What a life table says of one group: who is still there after each month, said and come.

The share that leaves in a month of those who had not before, month after month (Kaplan and Meier
1958), taken from one stretch of the calendar and not from one cohort: twelve months need not pass.
"""

from dataclasses import dataclass

import numpy as np

_SIDES = 1.96  # of a normal distribution, so that 95 in 100 samples lie between


@dataclass(frozen=True, slots=True)
class PersonMonths:
    """Person-months of one group.

    Attributes:
        person: A number for each person, from 0.
        month: 0 is the first.
        left: Whether they left in it, 0 or 1.
        said: How likely that was said to be.
        weight: How much each counts: 1, or their money.
    """

    person: np.ndarray
    month: np.ndarray
    left: np.ndarray
    said: np.ndarray
    weight: np.ndarray

    def among(self, which: np.ndarray) -> "PersonMonths":
        """Some of them."""
        parts = (self.person, self.month, self.left, self.said, self.weight)
        return PersonMonths(*(part[which] for part in parts))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was said, what came, and between which what came lies in 95 of 100 samples."""

    said: float
    came: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LifeTable:
    """Shares still there at the end of each month, said and come.

    Attributes:
        said: One value per month.
        came: As ``said``.
        pull: How much each person moves the logarithm of ``came``: one row per person, one column
            per month. Rows add up to zero; their squares to its variance, however many months of
            one person there are (the delta method, by clusters).
    """

    said: np.ndarray
    came: np.ndarray
    pull: np.ndarray

    def survival(self, months: int) -> Estimate:
        """The share still there after so many months."""
        came = self.came[months - 1]
        spread = _SIDES * float(np.sqrt((self.pull[:, months - 1] ** 2).sum()))
        ends = np.clip(came * np.exp([-spread, spread]), 0, 1)
        return Estimate(float(self.said[months - 1]), float(came), float(ends[0]), float(ends[1]))

    def worth(self, monthly: float) -> Estimate:
        """Months paid for within the table, money a month later being worth ``monthly`` as much."""
        discounts = monthly ** (np.arange(len(self.came)) + 0.5)
        said, came = (float(discounts @ _middles(curve)) for curve in (self.said, self.came))
        pull = _middles_of_rows(self.pull * self.came) @ discounts
        spread = _SIDES * float(np.sqrt((pull**2).sum()))
        return Estimate(said, came, came - spread, came + spread)


def life_table(rows: PersonMonths, months: int) -> LifeTable | None:
    """The life table of ``rows`` over so many months; ``None`` where a month has nobody in it."""
    rows = rows.among(rows.month < months)
    counts = np.bincount(rows.month, rows.weight, months)
    if not (counts > 0).all():
        return None
    said, rate = (
        np.bincount(rows.month, rows.weight * values, months) / counts
        for values in (rows.said, rows.left)
    )
    rate = np.minimum(rate, 1 - 1e-9)
    away = rows.weight * (rows.left - rate[rows.month]) / (counts * (1 - rate))[rows.month]
    _, person = np.unique(rows.person, return_inverse=True)
    people = int(person.max()) + 1
    pull = -np.bincount(person * months + rows.month, away, people * months)
    return LifeTable(
        said=np.cumprod(1 - said),
        came=np.cumprod(1 - rate),
        pull=np.cumsum(pull.reshape(people, months), axis=1),
    )


def _middles(curve: np.ndarray) -> np.ndarray:
    """Who is there in the middle of each month, on average of its ends."""
    return (np.append(1.0, curve[:-1]) + curve) / 2


def _middles_of_rows(curves: np.ndarray) -> np.ndarray:
    before = np.column_stack([np.zeros(len(curves)), curves[:, :-1]])
    return (before + curves) / 2
