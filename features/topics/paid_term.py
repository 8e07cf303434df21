"""What payments tell while a paid term runs: how far it has come, not whether it is paid.

Who has paid for a year and owes nothing is not in arrears after 352 days: the renewal is near. A
window shorter than the term holds a payment or none by the day of the year alone; one that begins
before the first payment holds few because they have not been here for long.
"""

import numpy as np
import polars as pl

from perdura.features.definition import Column
from perdura.features.topics.payments import PAID, SINCE_FIRST_PAID, SINCE_PAID, UNPAID
from perdura.features.topics.subscription import (
    DAYS_A_MONTH,
    INTERVAL,
    SINCE_START,
    TENURE,
    TO_RENEWAL,
)

#: Days of a month at most: a term is not over before its month is.
MONTH = 31

_PAID_90 = PAID.columns[1].name
_READ = (INTERVAL.name, SINCE_PAID.name, TO_RENEWAL.name)


def term_days(frame: pl.DataFrame) -> np.ndarray:
    """How many days the paid term is long at most, one per row, float64; 0 where none runs.

    A term runs from the last payment for as many months as are billed at once, unless an invoice
    is unpaid; new subscribers who have paid nothing yet are in their first from the start. Where
    the frame does not tell, none runs.
    """
    if not {*_READ} <= {*frame.columns}:
        return np.zeros(frame.height)
    days, paid = MONTH * _numbers(frame, INTERVAL.name), _numbers(frame, SINCE_PAID.name)
    runs = paid <= days
    if TENURE.name in frame.columns:
        runs |= np.isnan(paid) & (_numbers(frame, TENURE.name) <= days)
    if UNPAID.name in frame.columns:
        runs &= ~(_numbers(frame, UNPAID.name) > 0)
    return np.where(runs, days, 0.0)


def days_here(frame: pl.DataFrame) -> np.ndarray:
    """How many days ago each row's subscriber first paid, float64; NaN if never.

    Where the frame does not tell, long ago.
    """
    if SINCE_FIRST_PAID.name not in frame.columns:
        return np.full(frame.height, np.inf)
    return _numbers(frame, SINCE_FIRST_PAID.name)


def in_term(column: Column, term: np.ndarray, here: np.ndarray) -> dict[str, np.ndarray]:
    """In which rows a ``billed`` column is a sign of another signal than its own, by that signal.

    Args:
        column: Which.
        term: As of ``term_days``.
        here: As of ``days_here``.
    """
    days, never = column.days or 0, np.isnan(here)
    of_tenure = ((days > here) & (days >= term) | never) & (term > 0)
    return {TO_RENEWAL.signal: (days < term) & ~never, TENURE.signal: of_tenure}


def with_renewal(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the days to renewal counted from the last payment, where no invoice tells."""
    if not {*_READ} <= {*frame.columns}:
        return frame
    term = pl.col(INTERVAL.name) * DAYS_A_MONTH
    left = (term - pl.col(SINCE_PAID.name)).clip(lower_bound=0)
    if {SINCE_START.name, _PAID_90} <= {*frame.columns}:
        # More payments than terms: usage is paid as well, and the term runs from its start.
        from_start = term - pl.col(SINCE_START.name) % term
        left = pl.when(pl.col(_PAID_90) > 1 + 90 / term).then(from_start).otherwise(left)
    runs = pl.when(pl.Series(term_days(frame)) > 0).then(left)
    return frame.with_columns(pl.coalesce(TO_RENEWAL.name, runs).alias(TO_RENEWAL.name))


def _numbers(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].cast(pl.Float64).to_numpy()  # null becomes NaN
