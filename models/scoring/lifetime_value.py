"""What subscribers are worth: the margin that is still to come, and what of it may be lost."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.scoring.exchange import Exchange, turned

#: Ends of the interval in which the margin of 80 in 100 such people lies.
LOW, HIGH = 0.1, 0.9
#: The last months of the curve, whose mean hazard goes on after it.
_LAST_MONTHS = 6
_YEAR_MONTHS = 12
# Of the months that are paid for.
_MONTH_DAYS = 30.4375

#: What is told of each subscriber's worth: in shares and months, and in minor units.
STAYING = ("survival_3m", "survival_6m", "survival_12m", "lifetime_months")
AMOUNTS = ("cltv", "cltv_low", "cltv_high", "expected_lifetime_loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """How money that is still to come is counted.

    Attributes:
        margin: Of what is paid, so much is left after the cost of serving, 0 to 1.
        discount: A year, e.g. 0.1: money a year from now is worth a tenth less, about.
        months: So far ahead margin is counted.
        exchange: Into which currency everybody's money is turned; by default each subscriber's own
            stays.
    """

    margin: float = 0.8
    discount: float = 0.1
    months: int = 36
    exchange: Exchange | None = None

    @property
    def monthly(self) -> float:
        """What money a month from now is worth."""
        return (1 + self.discount) ** (-1 / _YEAR_MONTHS)


def worth_of(
    survival: np.ndarray,
    mrr: pl.Series,
    currency: pl.Series,
    by: Valuation,
    month_days: float = _MONTH_DAYS,
) -> pl.DataFrame:
    """What each subscriber is worth at today's ``mrr``.

    CLTV is the expected discounted margin of the next ``by.months`` months: of each month the
    margin of those who are there in its middle, discounted to today (Fader and Hardie 2010, with a
    survival curve of one's own in place of theirs). After the curve its last half-year's mean
    hazard goes on.

    Args:
        survival: One row per subscriber, one column per month: there still at its end.
        mrr: Minor units a month; null is unknown.
        currency: Of ``mrr``.
        by: How money is counted.
        month_days: How long a month of the curve is; by default as long as one that is paid for.

    Returns:
        One row per subscriber: ``survival_3m``, ``_6m``, ``_12m``; ``lifetime_months``, expected
        within ``by.months``; ``cltv``, and ``cltv_low``, ``cltv_high``: of 80 in 100 such people
        the margin lies between; ``expected_lifetime_loss``: what is at stake, the risk times the
        residual value of one who stays, from the middle of the first month on, when those who
        leave do. So ``cltv + expected_lifetime_loss`` is the value of one who stays for the
        first month, and the loss is never more than it. All in minor units of ``value_currency``,
        rounded half even, null where unknown.
    """
    paid_for = month_days / _MONTH_DAYS
    curve = _extended(survival, round(by.months / paid_for))
    there = (np.column_stack([np.ones(len(curve)), curve[:, :-1]]) + curve) / 2 * paid_for
    discounted = there * by.monthly ** ((np.arange(curve.shape[1]) + 0.5) * paid_for)
    paid, value_currency = turned(mrr, currency, by.exchange)
    earns = paid.to_numpy() * by.margin
    stays, leaves = curve[:, 0], 1 - curve[:, 0]
    # Leavers pay for half of the first month, those who stay for all of it.
    residual = by.monthly ** (paid_for / 2) * paid_for / 2 + discounted[:, 1:].sum(axis=1) / stays
    staying = {f"survival_{month}m": survival[:, month - 1] for month in (3, 6, 12)} | {
        "lifetime_months": there.sum(axis=1),
    }
    amounts = {
        "cltv": earns * discounted.sum(axis=1),
        "cltv_low": earns * _annuity(_month_at(curve, 1 - LOW) * paid_for, by),
        "cltv_high": earns * _annuity(_month_at(curve, 1 - HIGH) * paid_for, by),
        "expected_lifetime_loss": earns * leaves * residual,
    }
    return pl.DataFrame(staying | amounts, nan_to_null=True).with_columns(
        pl.col(AMOUNTS).round(mode="half_to_even").cast(pl.Int64), value_currency=value_currency
    )


def _extended(survival: np.ndarray, months: int) -> np.ndarray:
    """The curve for so many months."""
    known = survival.shape[1]
    if months <= known:
        return survival[:, :months]
    kept = (survival[:, -1] / survival[:, -1 - _LAST_MONTHS]) ** (1 / _LAST_MONTHS)
    after = survival[:, -1:] * kept[:, None] ** np.arange(1, months - known + 1)
    return np.hstack([survival, after])


def _month_at(curve: np.ndarray, share: float) -> np.ndarray:
    """When so large a share is there still, in months; at most as many as the curve has."""
    before = np.column_stack([np.ones(len(curve)), curve])
    month = (curve > share).sum(axis=1)
    at = np.minimum(month, curve.shape[1] - 1)
    rows = np.arange(len(curve))
    high, low = before[rows, at], before[rows, at + 1]
    part = np.clip((high - share) / np.maximum(high - low, 1e-12), 0, 1)
    return np.where(month < curve.shape[1], at + part, curve.shape[1])


def _annuity(months: np.ndarray, by: Valuation) -> np.ndarray:
    """What 1 a month for so many months is worth today."""
    if not by.discount:
        return months
    force = -np.log(by.monthly)
    return (1 - np.exp(-force * months)) / force
