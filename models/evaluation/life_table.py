"""The life table of one group: retention after each month, predicted and observed.

Month after month, the share of the remaining that leaves (Kaplan and Meier 1958), from one stretch
of the calendar and not from one cohort: no need to wait for twelve months.
"""

from dataclasses import dataclass

import numpy as np

_SIDES = 1.96  # standard deviations of a two-sided 95 % interval


@dataclass(frozen=True, slots=True)
class PersonMonths:
    """Person-months of one group.

    Attributes:
        person: Index of the person, from 0.
        month: 0 is the first.
        left: Whether they left in it, 0 or 1.
        said: The predicted hazard.
        weight: 1, or their MRR.
    """

    person: np.ndarray
    month: np.ndarray
    left: np.ndarray
    said: np.ndarray
    weight: np.ndarray

    def among(self, which: np.ndarray) -> "PersonMonths":
        """The selected person-months."""
        parts = (self.person, self.month, self.left, self.said, self.weight)
        return PersonMonths(*(part[which] for part in parts))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A predicted value, the observed one, and the 95 % interval of the observed one."""

    said: float
    came: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LifeTable:
    """Retention at the end of each month, predicted and observed.

    Attributes:
        said: Predicted, one value per month.
        came: Observed, one value per month.
        pull: How much each person moves the logarithm of ``came``: one row per person, one column
            per month. Rows add up to zero, their squares to its variance, clustered by person
            (the delta method).
    """

    said: np.ndarray
    came: np.ndarray
    pull: np.ndarray

    def survival(self, months: int) -> Estimate:
        """Retention after ``months`` months."""
        came = self.came[months - 1]
        spread = _SIDES * float(np.sqrt((self.pull[:, months - 1] ** 2).sum()))
        ends = np.clip(came * np.exp([-spread, spread]), 0, 1)
        return Estimate(float(self.said[months - 1]), float(came), float(ends[0]), float(ends[1]))

    def worth(self, monthly: float) -> Estimate:
        """Months paid for within the table, discounted by the factor ``monthly`` each month."""
        discounts = monthly ** (np.arange(len(self.came)) + 0.5)

        def mid_months(curves: np.ndarray, start: float) -> np.ndarray:
            """The mean of the start and the end of each month."""
            starts = np.column_stack([np.full(len(curves), start), curves[:, :-1]])
            return (starts + curves) / 2

        curves = mid_months(np.stack([self.said, self.came]), 1.0)
        said, came = (float(discounts @ curve) for curve in curves)
        pull = mid_months(self.pull * self.came, 0.0) @ discounts
        spread = _SIDES * float(np.sqrt((pull**2).sum()))
        return Estimate(said, came, came - spread, came + spread)


def life_table(rows: PersonMonths, months: int) -> LifeTable | None:
    """The life table of ``rows`` over ``months`` months; ``None`` where a month has no rows."""
    rows = rows.among(rows.month < months)
    counts = np.bincount(rows.month, rows.weight, months)
    if not (counts > 0).all():
        return None
    said, rate = (
        np.bincount(rows.month, rows.weight * values, months) / counts
        for values in (rows.said, rows.left)
    )
    rate = np.minimum(rate, 1 - 1e-9)
    excess = rows.weight * (rows.left - rate[rows.month]) / (counts * (1 - rate))[rows.month]
    _, person = np.unique(rows.person, return_inverse=True)
    people = int(person.max()) + 1
    pull = -np.bincount(person * months + rows.month, excess, people * months)
    return LifeTable(
        said=np.cumprod(1 - said),
        came=np.cumprod(1 - rate),
        pull=np.cumsum(pull.reshape(people, months), axis=1),
    )
