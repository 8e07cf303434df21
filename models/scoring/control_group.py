"""The standing control group: assigned at random, and not contacted for a quarter.

A subscriber's number is the first eight bytes of the SHA-256 of ``<quarter>\\n<subscriber_id>``,
over 2**64; below the share of the settings it is in the group. So the group can be computed
anywhere, a larger share lets none out, and the next quarter assigns anew.
"""

from datetime import date
from hashlib import sha256

import polars as pl

from perdura.features.definition import Language
from perdura.models.scoring.action_table import HOLD_OUT


def quarter_of(day: date) -> str:
    """The quarter of ``day``, e.g. ``2026-Q4``: longer than horizon and grace together."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def in_control_group(subscribers: pl.Series, quarter: str, share: float) -> pl.Series:
    """Of each subscriber id whether it is in the group in ``quarter``; Boolean."""
    begun, bound = f"{quarter}\n".encode(), int(share * 2**64).to_bytes(8)
    # Bytes compare as the numbers they spell do.
    drawn = [
        sha256(begun + subscriber_id.encode()).digest()[:8] < bound for subscriber_id in subscribers
    ]
    return pl.Series("held_out", drawn, dtype=pl.Boolean)


def assign_control_group(
    scored: pl.DataFrame, quarter: str, share: float, language: Language
) -> pl.DataFrame:
    """Scores with ``in_control_group``; to those held out nothing is offered and nothing done.

    Args:
        scored: As of ``models.scoring.score.score``.
        quarter: As of ``quarter_of``.
        share: Of all; 0: there is no group and no column.
        language: Of what to do, in words.
    """
    if not share:
        return scored
    out = pl.col("held_out")
    return scored.with_columns(
        in_control_group(scored["subscriber_id"], quarter, share)
    ).with_columns(
        offer=pl.when(~out).then("offer"),
        advice=pl.when(out).then(pl.lit("leave_alone")).otherwise("advice"),
        action=pl.when(out).then(pl.lit(HOLD_OUT.code)).otherwise("action"),
        action_text=pl.when(out).then(pl.lit(getattr(HOLD_OUT, language))).otherwise("action_text"),
    )
