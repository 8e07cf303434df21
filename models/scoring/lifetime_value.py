"""Customer lifetime value: the margin still expected, and the part of it at stake."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.scoring.exchange import Exchange, turned

#: Ends of the 80 % interval of a subscriber's margin.
LOW, HIGH = 0.1, 0.9
#: The last months of the curve; their mean hazard continues after it.
_LAST_MONTHS = 6
_YEAR_MONTHS = 12
# Length of a paid month.
_MONTH_DAYS = 30.4375

#: The columns of value: shares and months, and amounts in minor units.
STAYING = ("survival_3m", "survival_6m", "survival_12m", "lifetime_months")
AMOUNTS = ("cltv", "cltv_low", "cltv_high", "expected_lifetime_loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """How future payments are valued.

    Attributes:
        margin: Share of a payment that is left after the cost of serving, 0 to 1.
        discount: Yearly discount rate, e.g. 0.1.
        months: Number of months ahead that count.
        exchange: The target currency of all amounts; by default each subscriber keeps their own.
    """

    margin: float = 0.8
    discount: float = 0.1
    months: int = 36
    exchange: Exchange | None = None

    @property
    def monthly(self) -> float:
        """The discount factor of one month."""
        return (1 + self.discount) ** (-1 / _YEAR_MONTHS)


def worth_of(
    survival: np.ndarray,
    mrr: pl.Series,
    currency: pl.Series,
    by: Valuation,
    month_days: float = _MONTH_DAYS,
) -> pl.DataFrame:
    """The lifetime value of each subscriber at today's ``mrr``.

    CLTV is the expected discounted margin of the next ``by.months`` months: for each month the
    margin of the subscribers still there in its middle, discounted to today (Fader and Hardie
    2010, with our survival curve in place of theirs). After the curve the mean hazard of its last
    half-year continues.

    Args:
        survival: One row per subscriber, one column per month: probability to be there at its end.
        mrr: Minor units a month; null is unknown.
        currency: Currency of ``mrr``.
        by: How future payments are valued.
        month_days: Length of a month of the curve; by default that of a paid month.

    Returns:
        One row per subscriber: ``survival_3m``, ``_6m``, ``_12m``; ``lifetime_months``, expected
        within ``by.months``; ``cltv``, with ``cltv_low`` and ``cltv_high``, the 80 % interval of
        the margin; ``expected_lifetime_loss``: what is at stake, the risk times the residual value
        of a subscriber who stays, from the middle of the first month on, when churners leave. So
        ``cltv + expected_lifetime_loss`` is the value of a subscriber who stays for the first
        month, and the loss never exceeds it. All in minor units of ``value_currency``, rounded
        half even, null where unknown.
    """
    paid_for = month_days / _MONTH_DAYS
    curve = _extended(survival, round(by.months / paid_for))
    alive = (np.column_stack([np.ones(len(curve)), curve[:, :-1]]) + curve) / 2 * paid_for
    factors = np.asarray(np.power(by.monthly, (np.arange(len(curve.T)) + 0.5) * paid_for))
    discounted = alive * factors
    paid, value_currency = turned(mrr, currency, by.exchange)
    earns = paid.to_numpy() * by.margin
    stays, leaves = curve[:, 0], 1 - curve[:, 0]
    # Churners pay for half of the first month, the others for all of it.
    residual = by.monthly ** (paid_for / 2) * paid_for / 2 + discounted[:, 1:].sum(axis=1) / stays
    staying = {f"survival_{month}m": survival[:, month - 1] for month in (3, 6, 12)} | {
        "lifetime_months": alive.sum(axis=1),
    }
    amounts = {
        "cltv": earns * discounted.sum(axis=1),
        "cltv_low": earns * _annuity(_months_until(curve, 1 - LOW) * paid_for, by),
        "cltv_high": earns * _annuity(_months_until(curve, 1 - HIGH) * paid_for, by),
        "expected_lifetime_loss": earns * leaves * residual,
    }
    return pl.DataFrame(staying | amounts, nan_to_null=True).with_columns(
        pl.col(AMOUNTS).round(mode="half_to_even").cast(pl.Int64), value_currency=value_currency
    )


def _extended(survival: np.ndarray, months: int) -> np.ndarray:
    """The curve for ``months`` months."""
    known = len(survival.T)
    if months <= known:
        return survival[:, :months]
    kept: np.ndarray = (survival[:, -1] / survival[:, -1 - _LAST_MONTHS]) ** (1 / _LAST_MONTHS)
    powers = np.asarray(np.power(kept[:, None], np.arange(1, months - known + 1)))
    return np.hstack([survival, survival[:, -1:] * powers])


def _months_until(curve: np.ndarray, share: float) -> np.ndarray:
    """Months until survival falls to ``share``; at most the length of the curve."""
    starts = np.column_stack([np.ones(len(curve)), curve])
    month = (curve > share).sum(axis=1)
    months = len(curve.T)
    last = np.minimum(month, months - 1)
    rows = np.arange(len(curve))
    high, low = starts[rows, last], starts[rows, last + 1]
    part = np.clip((high - share) / np.maximum(high - low, 1e-12), 0, 1)
    return np.where(month < months, last + part, months)


def _annuity(months: np.ndarray, by: Valuation) -> np.ndarray:
    """The present value of 1 a month for ``months`` months."""
    if not by.discount:
        return months
    force = -float(np.log(by.monthly))
    return (1 - np.exp(-force * months)) / force
