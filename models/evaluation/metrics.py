"""How good a risk is: how it ranks, whether it is a probability, whom support would have called."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

#: Bins of equal count that calibration is measured in.
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One risk judged on rows it was not fitted on. Shares are of one.

    Attributes:
        roc_auc: Chance that a leaver ranks above one who stays; 0.5 where only one kind is there.
        average_precision: Mean share of leavers among those ranked as high.
        log_loss: Mean negative log likelihood, in nats.
        brier: Mean squared distance from what came.
        calibration_error: Mean distance of risk and rate, in bins of equal count.
        calibration_error_debiased: Root of the mean squared distance, less what chance alone adds
            to it; zero where chance explains all of it.
        lift: Leavers among those called, over leavers among everybody.
        recall: Share of the leavers who would have been called.
        money_caught: Share of the leavers' mrr that would have been called, in the currency
            that most rows are in.
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
        """The numbers by their names."""
        return asdict(self)


def number_name(who: str, metric: str) -> str:
    """Under which name a number is kept: the model's as it is, others' as ``logistic.roc_auc``."""
    return metric if who == "model" else f"{who}.{metric}"


def who_says(judged: pl.DataFrame) -> list[tuple[str, str]]:
    """Who says a risk of the judged rows, and in which column."""
    others = ("constant", "own_rate", "recency", "logistic", "champion", "refit")
    return [("model", "risk"), *((name, name) for name in others if name in judged.columns)]


def evaluate(rows: pl.DataFrame, risk: str = "risk", *, calls: int) -> Metrics:
    """How good the column ``risk`` is.

    Args:
        rows: One row per (who, when): ``subscriber_id``, ``as_of``, ``churned``, ``mrr``,
            ``currency``, and the risk.
        risk: Name of the risk.
        calls: How many people support can call on one date. At equal risk the lower
            ``subscriber_id`` is called.
    """
    churned, said = rows["churned"].to_numpy().astype(float), rows[risk].to_numpy()
    both = 0 < churned.sum() < len(churned)
    phoned = rows.filter(called(risk, calls))
    caught = _share(float(phoned["churned"].sum()), churned.sum())
    bins = calibration_bins(rows, risk)
    return Metrics(
        roc_auc=float(roc_auc_score(churned, said)) if both else 0.5,
        average_precision=float(average_precision_score(churned, said)) if both else churned.mean(),
        log_loss=float(log_loss(churned, said, labels=[0, 1])),
        brier=float(brier_score_loss(churned, said, labels=[0, 1])),
        calibration_error=calibration_error(rows, risk),
        calibration_error_debiased=debiased_error(
            *(bins[name].to_numpy() for name in ("rows", "risk", "rate"))
        ),
        lift=_share(_share(float(phoned["churned"].sum()), phoned.height), churned.mean()),
        recall=caught,
        money_caught=_share(_money(phoned, rows), _money(rows, rows)),
    )


def calibration_bins(rows: pl.DataFrame, risk: str = "risk") -> pl.DataFrame:
    """One row per bin, lowest risk first: ``rows``, mean ``risk``, ``rate`` of churn."""
    place = pl.int_range(pl.len()) * BINS // pl.len()
    return (
        rows.sort(risk, "subscriber_id", "as_of")
        .group_by(bin=place, maintain_order=True)
        .agg(rows=pl.len(), risk=pl.col(risk).mean(), rate=pl.col("churned").mean())
        .drop("bin")
    )


def calibration_error(rows: pl.DataFrame, risk: str = "risk") -> float:
    """Mean distance of risk and rate over bins of equal count, each weighing as its rows."""
    bins = calibration_bins(rows, risk)
    distance = (bins["risk"] - bins["rate"]).abs()
    return _share(float((distance * bins["rows"]).sum()), float(bins["rows"].sum()))


def debiased_error(rows: np.ndarray, risk: np.ndarray, rate: np.ndarray) -> float:
    """Root of the mean squared distance of risk and rate, less what chance adds to it.

    Kumar, Liang and Ma, "Verified Uncertainty Calibration", 2019: the square of the distance of a
    rate of ``n`` rows is ``rate * (1 - rate) / (n - 1)`` too large on average.

    Args:
        rows, risk, rate: Of each bin, as of ``calibration_bins``; bins of one row tell nothing.
    """
    told = rows > 1
    rows, risk, rate = rows[told], risk[told], rate[told]
    squared = (risk - rate) ** 2 - rate * (1 - rate) / (rows - 1)
    return max(0.0, _share(float((squared * rows).sum()), float(rows.sum()))) ** 0.5


def gain(rows: pl.DataFrame, risk: str = "risk") -> pl.DataFrame:
    """Share of leavers among the riskiest share of everybody, at a hundred points and zero.

    Returns:
        One row per point: ``called``, ``caught``.
    """
    ranked = rows.sort([risk, "subscriber_id"], descending=[True, False])["churned"].to_numpy()
    caught = np.concatenate([[0.0], np.cumsum(ranked) / max(1, ranked.sum())])
    called = np.linspace(0, 1, 101)
    at = np.floor(called * len(ranked)).astype(int)
    return pl.DataFrame({"called": called, "caught": caught[at]})


def called(risk: str, calls: int) -> pl.Expr:
    """Whether a row is among the riskiest of its date, so many as support can call."""
    ranked = pl.struct(-pl.col(risk), "subscriber_id").rank("ordinal").over("as_of")
    return ranked <= calls


def in_common_currency(rows: pl.DataFrame) -> pl.Expr:
    """Whether a row is in the currency that most are in: several are never added up."""
    common = rows["currency"].drop_nulls().mode().sort().first()
    return pl.col("currency").eq_missing(pl.lit(common, dtype=pl.String))


def _money(part: pl.DataFrame, everybody: pl.DataFrame) -> float:
    return float(part.filter(in_common_currency(everybody), pl.col("churned"))["mrr"].sum())


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
