"""The worth of calls: the order of the list that support works down.

It is the money that is expected to go: of the whole lifetime where the night knows that of all who
pay, else of the month. The table knows no exchange rates, so amounts of several currencies are
compared as multiples of the mean MRR that is paid in theirs; amounts of one as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

_LIFETIME = ("expected_lifetime_loss", "value_currency")
_MONTH = ("expected_loss", "currency")


class Worths:
    """The worth of rows that come in pieces: of each are kept two amounts and two currencies."""

    def __init__(self) -> None:
        self._kept: list[pl.DataFrame] = []
        self._paid: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Take more rows."""
        import polars as pl

        amounts, currencies = zip(_LIFETIME, _MONTH, strict=True)
        self._kept.append(rows.select(*amounts, pl.col(currencies).cast(pl.Categorical)))
        paid = rows.filter(pl.col("mrr").is_not_null()).group_by(currencies)
        self._paid.append(paid.agg(pl.col("mrr").sum(), payers=pl.len()))

    def of_all(self) -> np.ndarray[Any, Any]:
        """One number per row, in the order of ``add``; -1 where the money is not known."""
        import polars as pl

        rows = pl.concat(self._kept)
        lacking = pl.col(_MONTH[0]).is_not_null() & pl.col(_LIFETIME[0]).is_null()
        amount, currency = _MONTH if rows.select(lacking.any()).item() else _LIFETIME
        # Mean MRR of the subscribers who pay in each currency, at least one minor unit.
        paid = pl.concat(self._paid).drop_nulls(currency).group_by(currency)
        mean = (pl.col("mrr").sum() / pl.col("payers").sum()).clip(lower_bound=1.0)
        usual: dict[str, float] = dict(paid.agg(mean).iter_rows())
        worth = pl.col(amount).cast(pl.Float64)
        if len(usual) > 1:
            worth /= pl.col(currency).cast(pl.String).replace_strict(usual, default=None)
        return rows.select(worth.fill_null(-1.0)).to_series().to_numpy()
