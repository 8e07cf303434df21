"""Metrics of a risk: ranking, calibration, and lift at support's capacity."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

#: Bins of equal count that calibration is measured in.
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Metrics of one risk on rows it was not fitted on. Shares are between 0 and 1.

    Attributes:
        roc_auc: Probability that a churner ranks above a non-churner; 0.5 with one class only.
        average_precision: Mean share of churners among those ranked as high.
        log_loss: Mean negative log likelihood, in nats.
        brier: Mean squared distance from the outcome.
        calibration_error: Mean distance of risk and rate, in bins of equal count.
        calibration_error_debiased: Root of the mean squared distance, less what chance alone adds
            to it; zero where chance explains all of it.
        lift: Churn rate among the called, over the overall churn rate.
        recall: Share of the churners that is called.
        money_caught: Share of the churners' MRR that is called, in the most common currency.
    """

    roc_auc: float
    average_precision: float
    log_loss: float
    brier: float
    calibration_error: float
    calibration_error_debiased: float
    lift: float
    recall: float
    money_caught: float

    @property
    def values(self) -> dict[str, float]:
        """The metrics by name."""
        return asdict(self)


def metric_name(model: str, metric: str) -> str:
    """The logged name of a metric: the model's as it is, a baseline's as ``logistic.roc_auc``."""
    return metric if model == "model" else f"{model}.{metric}"


def risk_columns(test_rows: pl.DataFrame) -> list[tuple[str, str]]:
    """The models with a risk of the test rows, and the column of each."""
    others = ("constant", "own_rate", "recency", "logistic", "champion", "refit")
    return [("model", "risk"), *((name, name) for name in others if name in test_rows.columns)]


def evaluate(rows: pl.DataFrame, risk: str = "risk", *, calls: int) -> Metrics:
    """The metrics of the column ``risk``.

    Args:
        rows: One row per subscriber and date: ``subscriber_id``, ``as_of``, ``churned``, ``mrr``,
            ``currency``, and the risk.
        risk: Name of the risk.
        calls: Number of subscribers that support can call on one date. At equal risk the lower
            ``subscriber_id`` is called.
    """
    churned, risks = rows["churned"].to_numpy().astype(float), rows[risk].to_numpy()
    both = 0 < churned.sum() < len(churned)
    phoned = rows.filter(called(risk, calls))
    caught = share(float(phoned["churned"].sum()), churned.sum())
    bins = calibration_bins(rows, risk)

    def churned_mrr(part: pl.DataFrame) -> float:
        return float(part.filter(in_common_currency(rows), pl.col("churned"))["mrr"].sum())

    return Metrics(
        roc_auc=float(roc_auc_score(churned, risks)) if both else 0.5,
        average_precision=float(
            average_precision_score(churned, risks) if both else churned.mean()
        ),
        log_loss=float(log_loss(churned, risks, labels=[0, 1])),
        brier=float(brier_score_loss(churned, risks, labels=[0, 1])),
        calibration_error=calibration_error(rows, risk),
        calibration_error_debiased=debiased_error(
            *(bins[name].to_numpy() for name in ("rows", "risk", "rate"))
        ),
        lift=share(share(float(phoned["churned"].sum()), phoned.height), churned.mean()),
        recall=caught,
        money_caught=share(churned_mrr(phoned), churned_mrr(rows)),
    )


def calibration_bins(rows: pl.DataFrame, risk: str = "risk") -> pl.DataFrame:
    """One row per bin, lowest risk first: ``rows``, mean ``risk``, ``rate`` of churn."""
    bin_index = pl.int_range(pl.len()) * BINS // pl.len()
    return (
        rows.sort(risk, "subscriber_id", "as_of")
        .group_by(bin=bin_index, maintain_order=True)
        .agg(rows=pl.len(), risk=pl.col(risk).mean(), rate=pl.col("churned").mean())
        .drop("bin")
    )


def calibration_error(rows: pl.DataFrame, risk: str = "risk") -> float:
    """Mean distance of risk and rate over bins of equal count, weighted by their rows."""
    bins = calibration_bins(rows, risk)
    distance = (bins["risk"] - bins["rate"]).abs()
    return share(float((distance * bins["rows"]).sum()), float(bins["rows"].sum()))


def debiased_error(rows: np.ndarray, risk: np.ndarray, rate: np.ndarray) -> float:
    """Root of the mean squared distance of risk and rate, less what chance adds to it.

    Kumar, Liang and Ma, "Verified Uncertainty Calibration", 2019: the square of the distance of a
    rate of ``n`` rows is ``rate * (1 - rate) / (n - 1)`` too large on average.

    Args:
        rows, risk, rate: One value per bin, from ``calibration_bins``; bins of one row are left
            out.
    """
    several = rows > 1
    rows, risk, rate = rows[several], risk[several], rate[several]
    squared = (risk - rate) ** 2 - rate * (1 - rate) / (rows - 1)
    return max(0.0, share(float((squared * rows).sum()), float(rows.sum()))) ** 0.5


def gain(rows: pl.DataFrame, risk: str = "risk") -> pl.DataFrame:
    """The gain curve: share of churners among the riskiest rows, at a hundred points and zero.

    Returns:
        One row per point: ``called``, ``caught``.
    """
    ranked = rows.sort([risk, "subscriber_id"], descending=[True, False])["churned"].to_numpy()
    caught = np.concatenate([[0.0], np.cumsum(ranked) / max(1, ranked.sum())])
    called = np.linspace(0, 1, 101)
    index = np.floor(called * len(ranked)).astype(int)
    return pl.DataFrame({"called": called, "caught": caught[index]})


def called(risk: str, calls: int) -> pl.Expr:
    """Whether a row is among the ``calls`` riskiest of its date."""
    ranked = pl.struct(-pl.col(risk), "subscriber_id").rank("ordinal").over("as_of")
    return ranked <= calls


def in_common_currency(rows: pl.DataFrame) -> pl.Expr:
    """Whether a row is in the most common currency: amounts in several are never added."""
    common = rows["currency"].drop_nulls().mode().sort().first()
    return pl.col("currency").eq_missing(pl.lit(common, dtype=pl.String))


def share(part: float, whole: float) -> float:
    """``part / whole``; 0 where the whole is 0."""
    return float(part / whole) if whole else 0.0
