"""Which later month each row is asked about, to learn how long people stay.

A row says at once whether its subscriber left in the first month. Of the later ones each row is
asked about one, so that there are as many rows to learn from as there are, and not twelve times
as many: all months are learnt together, and each has its share of the rows.
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from models.params import TrainingParams
from models.people import person_numbers

#: Months that people are followed for.
MONTHS = 12
#: What may be called a month.
_MONTH_DAYS = range(28, 32)

#: The columns that say what became of a row later.
LATER = ("month", "left_then")


def are_months(params: TrainingParams) -> bool:
    """Whether the risk is one of a first month that others can follow: contracts, and no lead."""
    return (
        params.churn == "contract" and not params.lead_days and params.horizon_days in _MONTH_DAYS
    )


def with_month(spine: pl.DataFrame, params: TrainingParams, known_until: datetime) -> pl.DataFrame:
    """The spine and the later month that each row is asked about.

    It hangs on who and when alone, so it is the same on every machine and in any parts. People go
    round through the months whose outcome is known by then, date by date.

    Args:
        spine: ``subscriber_id``, ``as_of``.
        params: How long a month is.
        known_until: Labels read only what was known before.

    Returns:
        ``month``: from 1 (the month after the first) to 11; null where the outcome of none is
        known yet, or there are no months.
    """
    if not are_months(params):
        return spine.with_columns(month=pl.lit(None, dtype=pl.Int8))
    known = (
        pl.lit(known_until) - pl.col("as_of") - timedelta(days=params.grace_days)
    ).dt.total_days()
    closed = (known // params.horizon_days - 1).clip(0, MONTHS - 1)
    days = pl.col("as_of").dt.epoch("d") // params.horizon_days
    # Small enough that adding to it stays exact.
    account = pl.Series(person_numbers(spine["subscriber_id"]) >> np.uint64(8))
    turn = (account + days.cast(pl.UInt64)) % closed.cast(pl.UInt64)
    return spine.with_columns(month=pl.when(closed > 0).then(turn + 1).cast(pl.Int8))
