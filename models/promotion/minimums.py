"""What a model must reach with or without a champion, and what it falls short of, in words."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from perdura.models.evaluation.bootstrap import RESAMPLES
from perdura.models.evaluation.calibration_bound import CalibrationBound
from perdura.models.evaluation.leakage import LeakBounds
from perdura.models.evaluation.metrics import Metrics
from perdura.models.promotion.diagnosis import Diagnosis
from perdura.sources.counted import counted

_CAUSE = ". Likely cause: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimums:
    """What a model must reach with or without a champion.

    Attributes:
        roc_auc: Least ROC AUC on the test set.
        roc_auc_low: Least ROC AUC in 95 of 100 resamples.
        calibration_error: Most calibration error beyond chance, and
        calibration_share: most of it as a share of the churn rate, or of the retention rate where
            that is less: the sum of the risks is then right to a quarter.
        leavers: Fewest churners in the test set; with fewer, chance explains nearly any result.
        lift_low: Lift at support's capacity must exceed this in 95 of 100 resamples.
        sure: Share of the resamples in which a challenger must be better than the champion.
        most_lost: Most backtests, as a share, with a log loss no better than the constant rate's.
        leaks: The bounds of the leakage checks.
    """

    roc_auc: float = 0.60
    roc_auc_low: float = 0.55
    calibration_error: float = 0.05
    calibration_share: float = 0.25
    leavers: int = 10
    lift_low: float = 1.0
    sure: float = 0.90
    most_lost: float = 0.25
    leaks: LeakBounds = field(default_factory=LeakBounds)


def below_minimums(
    metrics_by_model: dict[str, Metrics],
    minimums: Minimums,
    lower_bound: float,
    bound: CalibrationBound,
    diagnosis: Diagnosis | None = None,
) -> list[str]:
    """What a model falls short of, why that may be and what to try, an entry each.

    Args:
        metrics_by_model: Metrics of the ``model`` and of its baselines, by name.
        minimums: What it must reach.
        lower_bound: Its ROC AUC is at least this in 95 of 100 resamples.
        bound: The highest calibration error allowed.
        diagnosis: What is known of its rows; ``None``: name no causes.
    """
    model = metrics_by_model["model"]
    missed: list[str] = []
    if bound.leavers < minimums.leavers:
        few = (
            f"{bound.leavers:,} of the {counted(bound.rows, 'evaluated row')} left, and an "
            f"evaluation needs at least {minimums.leavers}"
        )
        missed.append(caused(few, diagnosis and diagnosis.few_leavers()))
    if ranks_badly := _bad_ranking(metrics_by_model, minimums, lower_bound):
        missed += [
            *ranks_badly[:-1],
            caused(ranks_badly[-1], diagnosis and diagnosis.ranks_badly()),
        ]
    if model.calibration_error > bound.highest:
        off = (
            f"its risks are {model.calibration_error:.3f} off the observed rates, and may be at "
            f"most {bound.highest:.3f} off ({bound.chance:.3f} is chance, with "
            f"{counted(bound.leavers, 'leaver')} among {counted(bound.rows, 'row')})"
        )
        missed.append(off if diagnosis is None else f"{off}: {diagnosis.level_off()}")
    return missed


def _bad_ranking(
    metrics_by_model: dict[str, Metrics], minimums: Minimums, lower_bound: float
) -> list[str]:
    """Where the ranking or the log loss is no better than a simple rule, a sentence each."""
    model, constant = metrics_by_model["model"], metrics_by_model["constant"]
    recency, own_rate = metrics_by_model.get("recency"), metrics_by_model.get("own_rate")
    missed: list[str] = []
    if model.roc_auc < minimums.roc_auc:
        missed.append(
            f"its ROC AUC is {model.roc_auc:.3f} and must be at least {minimums.roc_auc:.2f}"
        )
    if model.log_loss >= constant.log_loss:
        missed.append(
            f"its log loss is {model.log_loss:.4f}, no better than predicting the same rate for "
            f"every subscriber ({constant.log_loss:.4f})"
        )
    if own_rate and model.log_loss >= own_rate.log_loss:
        missed.append(
            f"its log loss is {model.log_loss:.4f}, no better than predicting each subscriber's "
            f"own past rate ({own_rate.log_loss:.4f})"
        )
    if recency and model.roc_auc <= recency.roc_auc:
        missed.append(
            f"it ranks no better (ROC AUC {model.roc_auc:.3f}) than the days since the last "
            f"payment do ({recency.roc_auc:.3f})"
        )
    if lower_bound < minimums.roc_auc_low:
        missed.append(
            f"its ranking may be chance: in 1 of 20 resamples its ROC AUC is {lower_bound:.3f} or "
            f"lower, and even there it must be at least {minimums.roc_auc_low:.2f}"
        )
    return missed


def caused(found: str, cause: str | None) -> str:
    """A finding, followed by its likely cause where that is known."""
    return f"{found}. {cause}" if cause else found


def beaten_by_logistic(
    drawn: dict[str, np.ndarray], minimums: Minimums, diagnosis: Diagnosis | None = None
) -> list[str]:
    """Why logistic regression is clearly better, if so.

    Args:
        drawn: Resamples of the model beside logistic regression, from ``resample``; without
            ``loss_gain`` there is none to compare.
        minimums: What it must reach.
        diagnosis: What is known of its rows.
    """
    if "loss_gain" not in drawn:
        return []
    better = float(np.mean(drawn["loss_gain"] < 0))
    if better < minimums.sure:
        return []
    why = (
        "logistic regression on the same columns is better: its log loss is lower in "
        f"{better:.0%} of {RESAMPLES} resamples"
    )
    return [caused(why, diagnosis and diagnosis.line_is_better())]


def name_each_cause_once(missed: list[str]) -> list[str]:
    """The same findings; a cause that several of them share stands with the last of them."""
    shared, kept = set[str](), list[str]()
    for found, mark, cause in (why.partition(_CAUSE) for why in reversed(missed)):
        kept.append(found if cause in shared else found + mark + cause)
        shared.add(cause)
    return kept[::-1]


def without_lift(
    lift: float,
    lower_bound: float | None,
    calls: int,
    minimums: Minimums,
    diagnosis: Diagnosis | None = None,
) -> list[str]:
    """Why calling the riskiest would find no more leavers than calling at random, if so.

    Args:
        lift: Lift of the test set.
        lower_bound: From ``lift_lower_bound``; ``None``: all would be called.
        calls: Number of subscribers that support can call on one date.
        minimums: What it must reach.
        diagnosis: What is known of its rows.
    """
    if lower_bound is None or lower_bound > minimums.lift_low:
        return []
    why = (
        f"it has no clear lift among the {calls:,} riskiest of each date, as many as support can "
        f"call: {lift:.2f} times the share of leavers among all, and in 1 of 20 resamples "
        f"{lower_bound:.2f} times or less; even there it must be more than {minimums.lift_low:.0f}"
    )
    return [caused(why, diagnosis and diagnosis.no_lift())]


def unsteady(
    earlier: pl.DataFrame, minimums: Minimums, diagnosis: Diagnosis | None = None
) -> list[str]:
    """Why a model does not hold up in backtests, a sentence each.

    Args:
        earlier: From ``at_earlier_dates``.
        minimums: What it must reach there.
        diagnosis: What is known of its rows.
    """
    most = int(minimums.most_lost * earlier.height)
    lost = earlier.filter(pl.col("log_loss") >= pl.col("constant"))
    blind = earlier.filter(pl.col("high") < minimums.roc_auc_low)
    missed: list[str] = []
    if lost.height > most:
        why = (
            "it does not hold up in backtests: trained at "
            f"{counted(earlier.height, 'earlier date')}, it was "
            f"no better than predicting the same rate for every subscriber at {lost.height} "
            f"({_dates(lost)}), and may be so at {most}"
        )
        missed.append(caused(why, diagnosis and diagnosis.unsteady(lost["churned"])))
    if blind.height:
        why = (
            f"it does not hold up in backtests: trained at {_dates(blind)}, its ROC AUC was "
            f"clearly below {minimums.roc_auc_low:.2f}"
        )
        missed.append(caused(why, diagnosis and diagnosis.ranks_badly()))
    return missed


def _dates(earlier: pl.DataFrame) -> str:
    return ", ".join(f"{origin:%Y-%m-%d}" for origin in earlier["origin"])
