"""What support is advised to do: save, offer more, or leave alone. Trouble rules out an offer."""

import polars as pl

from perdura.features.topics.support import ESCALATED_OPEN
from perdura.models.scoring.thresholds import Thresholds


def advise(scored: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """What is advised for each row, and how likely an offer is to be taken.

    Trouble rules out an offer: a high risk, a payment past due, an escalated ticket open. So does
    not knowing one of these.

    Args:
        scored: ``risk``; ``offer``, where the model knows it; ``state`` and
            ``tickets_escalated_open``, where they are known.
        thresholds: From where on.

    Returns:
        One row per row: ``offer``, null where none must be made, and ``advice``: ``save``,
        ``offer`` or ``leave_alone``.
    """
    needed = ("offer", "state", ESCALATED_OPEN.name)
    absent = [pl.lit(None).alias(name) for name in needed if name not in scored.columns]
    high = pl.col("risk") >= thresholds.high
    calm = (
        ~high & (pl.col("state") == pl.lit("active")) & (pl.col(ESCALATED_OPEN.name) == 0)
    ).fill_null(value=False)
    offer = pl.when(calm).then(pl.col("offer").cast(pl.Float64))
    due = (offer >= thresholds.offer_from).fill_null(value=False)
    advice = pl.when(high).then(pl.lit("save")).when(due).then(pl.lit("offer"))
    return scored.with_columns(absent).select(
        offer=offer, advice=advice.otherwise(pl.lit("leave_alone"))
    )
