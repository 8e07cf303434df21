"""What the table adds to scores: rank, band, and the money that may be lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Where bands begin: ``high`` is ``[high, 1]``, ``medium`` ``[medium, high)``, the rest low."""

    high: float = 0.25
    medium: float = 0.10

    def __post_init__(self) -> None:
        if not 0 < self.medium <= self.high <= 1:
            raise ValueError(f"bands need 0 < medium <= high <= 1, got {self}")


DEFAULT_BANDS = Bands()


def ranked(scores: pl.DataFrame, bands: Bands) -> pl.DataFrame:
    """Checked scores, riskiest first, with ``rank``, ``band`` and ``expected_loss``.

    ``expected_loss`` is risk x mrr: the minor units of MRR that are expected to go, rounded half
    even, null where mrr is. ``reasons`` becomes JSON text, in which NaN is null.
    """
    import polars as pl

    loss = (pl.col("risk") * pl.col("mrr")).round(mode="half_to_even")
    return (
        scores.sort("risk", "subscriber_id", descending=[True, False])
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            band=_band(pl.col("risk"), bands),
            expected_loss=loss.cast(pl.Int64),
        )
        .with_columns(_json("reasons"))
    )


def _band(risk: pl.Expr, bands: Bands) -> pl.Expr:
    import polars as pl

    high = pl.when(risk >= bands.high).then(pl.lit("high"))
    return high.when(risk >= bands.medium).then(pl.lit("medium")).otherwise(pl.lit("low"))


def _json(lists: str) -> pl.Expr:
    """A column of lists as JSON. Only structs can be encoded, so the list is cut out of one."""
    import polars as pl

    wrapped = pl.struct(x=lists).struct.json_encode()  # {"x":[...]}
    return wrapped.str.strip_prefix('{"x":').str.strip_suffix("}").alias(lists)
