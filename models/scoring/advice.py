"""The advice to support: save whoever is in trouble, offer an upgrade, or leave alone."""

import polars as pl

from perdura.features.topics.support import ESCALATED_OPEN
from perdura.models.scoring.thresholds import Thresholds


def advise(scored: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """The advice for each row, and the probability that an offer is accepted.

    Trouble is a high risk, a payment past due or an escalated ticket open: each has an action, so
    the advice is to save. Where one of these is null, no offer is made.

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
    escalated = pl.col(ESCALATED_OPEN.name)
    trouble = (
        (pl.col("risk") >= least) | (pl.col("state") == pl.lit("past_due")) | (escalated > 0)
    ).fill_null(value=False)
    calm = (~trouble & (pl.col("state") == pl.lit("active")) & (escalated == 0)).fill_null(
        value=False
    )
    offer = pl.when(calm).then(pl.col("offer").cast(pl.Float64))
    due = (offer >= thresholds.offer_from).fill_null(value=False)
    advice = pl.when(trouble).then(pl.lit("save")).when(due).then(pl.lit("offer"))
    return scored.with_columns(absent).select(
        offer=offer, advice=advice.otherwise(pl.lit("leave_alone"))
    )
