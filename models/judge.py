"""How good a risk is: how it ranks, whether it is a probability, whom support would have called."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

#: Bins of equal count that calibration is measured in.
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One risk judged on rows it was not fitted on. Shares are of one.

    Attributes:
        roc_auc: Chance that a leaver ranks above one who stays; 0.5 where only one kind is there.
        average_precision: Mean share of leavers among those ranked as high.
        log_loss: Mean surprise, in nats.
        brier: Mean squared distance from what came.
        calibration_error: Mean distance of risk and rate, in bins of equal count.
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
    lift: float
    recall: float
    money_caught: float

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers by their names."""
        return asdict(self)


def number_name(who: str, metric: str) -> str:
    """Under which name a number is kept: the model's as it is, others' as ``logistic.roc_auc``."""
    return metric if who == "model" else f"{who}.{metric}"


def judge(rows: pl.DataFrame, risk: str = "risk", *, calls: int) -> Judgement:
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
    return Judgement(
        roc_auc=float(roc_auc_score(churned, said)) if both else 0.5,
        average_precision=float(average_precision_score(churned, said)) if both else churned.mean(),
        log_loss=float(log_loss(churned, said, labels=[0, 1])),
        brier=float(brier_score_loss(churned, said, labels=[0, 1])),
        calibration_error=calibration_error(rows, risk),
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


def by_group(rows: pl.DataFrame, group: str) -> pl.DataFrame:
    """The risk judged within each value of ``group``.

    Returns:
        One row per value: ``group``, ``value`` (text), ``rows``, ``churned``, ``rate``, mean
        ``risk``, ``roc_auc`` (null where nobody left or nobody stayed).
    """
    tables = [_of_one(value, part) for (value,), part in rows.group_by(group, maintain_order=True)]
    made = pl.DataFrame(tables, schema=_GROUP_SCHEMA, orient="row")
    return made.sort("value").insert_column(0, pl.lit(group).alias("group"))


def by_cause(rows: pl.DataFrame) -> pl.DataFrame:
    """Each part of the risk judged on its own leavers against those who stayed; as ``by_group``."""
    told = [
        _of_one(cause, rows.filter((pl.col("cause") == cause) | ~pl.col("churned")), part)
        for cause, part in (("voluntary", "risk_voluntary"), ("payment", "risk_payment"))
    ]
    made = pl.DataFrame(told, schema=_GROUP_SCHEMA, orient="row")
    return made.insert_column(0, pl.lit("cause").alias("group"))


_GROUP_SCHEMA = {
    "value": pl.String,
    "rows": pl.Int64,
    "churned": pl.Int64,
    "rate": pl.Float64,
    "risk": pl.Float64,
    "roc_auc": pl.Float64,
}


def _of_one(value: object, part: pl.DataFrame, risk: str = "risk") -> tuple[object, ...]:
    left = int(part["churned"].sum())
    auc = None
    if 0 < left < part.height:
        auc = float(roc_auc_score(part["churned"].to_numpy(), part[risk].to_numpy()))
    text = "unknown" if value is None else str(value)
    return text, part.height, left, part["churned"].mean(), part[risk].mean(), auc


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
