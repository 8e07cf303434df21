"""What the table adds to scores: rank, band, and the money that may be lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Where bands begin: ``high`` is ``[high, 1]``, ``medium`` ``[medium, high)``, the rest low.

    Whoever was in a band the night before stays in it down to ``stays`` of where it begins.
    """

    high: float = 0.25
    medium: float = 0.10
    stays: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < self.medium <= self.high <= 1:
            raise ValueError(f"bands need 0 < medium <= high <= 1, got {self}")
        if not 0 < self.stays <= 1:
            raise ValueError(f"bands need 0 < stays <= 1, got {self}")


DEFAULT_BANDS = Bands()


def banded(scores: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Checked scores, by ``subscriber_id``, with ``band`` and ``expected_loss``.

    ``expected_loss`` is risk x mrr: the minor units of MRR that are expected to go, rounded half
    even, null where mrr is.
    """
    import polars as pl

    loss = (pl.col("risk") * pl.col("mrr")).round(mode="half_to_even")
    return (
        scores.sort("subscriber_id")
        .with_columns(band=_band(pl.col("risk"), bands), expected_loss=loss.cast(pl.Int64))
        .with_columns(
            band_before=pl.lit(None, pl.String),
            risk_before=pl.lit(None, pl.Float64),
            moved_by_phrase=pl.lit(None, pl.Int64),
        )
    )


def ranks(risks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The place of each risk, 1 being the highest; equals in the order in which they come."""
    import numpy as np

    found = np.empty(len(risks), dtype=np.int64)
    found[np.argsort(-risks, kind="stable")] = np.arange(1, len(risks) + 1)
    return found


def call_ranks(worth: np.ndarray[Any, Any], rank: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The place of each call's worth, 1 being the highest; equals by ``rank``."""
    import numpy as np

    by_rank = np.empty(len(rank), dtype=np.int64)
    by_rank[rank - 1] = np.arange(len(rank))
    found = np.empty(len(rank), dtype=np.int64)
    found[by_rank[np.argsort(-worth[by_rank], kind="stable")]] = np.arange(1, len(rank) + 1)
    return found


def _band(risk: pl.Expr, bands: Bands) -> pl.Expr:
    import polars as pl

    high = pl.when(risk >= bands.high).then(pl.lit("high"))
    return high.when(risk >= bands.medium).then(pl.lit("medium")).otherwise(pl.lit("low"))
