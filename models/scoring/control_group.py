"""The standing control group: assigned at random, and not contacted for a quarter.

A subscriber's number is the first eight bytes of the SHA-256 of ``<quarter>\\n<subscriber_id>``,
over 2**64. Subscribers with a number below the share in the settings are held out. So the
assignment can be recomputed, a larger share keeps all that were held out, and each quarter is
assigned anew.
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
    """Whether each subscriber id is in the control group of ``quarter``; Boolean."""
    prefix, bound = f"{quarter}\n".encode(), int(share * 2**64).to_bytes(8)
    # Big-endian bytes compare like the numbers they encode.
    drawn = [sha256(prefix + name.encode()).digest()[:8] < bound for name in subscribers]
    return pl.Series("held_out", drawn, dtype=pl.Boolean)


def assign_control_group(
    scored: pl.DataFrame, quarter: str, share: float, language: Language
) -> pl.DataFrame:
    """Scores with ``in_control_group``; the control group gets no offer and no action.

    Args:
        scored: From ``models.scoring.score.score``.
        quarter: From ``quarter_of``.
        share: Share of all subscribers; 0: no control group and no column.
        language: Language of the action's text.
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
