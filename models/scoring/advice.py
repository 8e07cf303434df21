"""The advice to support: save, offer an upgrade, or leave alone. Trouble rules out an offer."""

import polars as pl

from perdura.features.topics.support import ESCALATED_OPEN
from perdura.models.scoring.thresholds import Thresholds


def advise(scored: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """The advice for each row, and the probability that an offer is accepted.

    Trouble rules out an offer: a high risk, a payment past due, an escalated ticket open. So does
    a null in one of these.

    Args:
        scored: ``risk``; ``offer``, where the model has it; ``state`` and
            ``tickets_escalated_open``, where known; ``was_high``, whether the subscriber was in
            the high band the night before, where known.
        thresholds: The thresholds of the advice.

    Returns:
        One row per row: ``offer``, null where none must be made, and ``advice``: ``save``,
        ``offer`` or ``leave_alone``.
    """
    needed = ("offer", "state", ESCALATED_OPEN.name, "was_high")
    absent = [pl.lit(None).alias(name) for name in needed if name not in scored.columns]
    kept = pl.col("was_high").cast(pl.Boolean).fill_null(value=False)
    least = pl.when(kept).then(thresholds.high * thresholds.stays).otherwise(thresholds.high)
    high = pl.col("risk") >= least
    calm = (
        ~high & (pl.col("state") == pl.lit("active")) & (pl.col(ESCALATED_OPEN.name) == 0)
    ).fill_null(value=False)
    offer = pl.when(calm).then(pl.col("offer").cast(pl.Float64))
    due = (offer >= thresholds.offer_from).fill_null(value=False)
    advice = pl.when(high).then(pl.lit("save")).when(due).then(pl.lit("offer"))
    return scored.with_columns(absent).select(
        offer=offer, advice=advice.otherwise(pl.lit("leave_alone"))
    )
