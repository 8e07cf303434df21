"""What a model must reach with or without a champion, and what it falls short of, in words."""

from dataclasses import dataclass, field

import polars as pl

from perdura.models.evaluation.calibration_bound import CalibrationBound
from perdura.models.evaluation.leakage import LeakBounds
from perdura.models.evaluation.metrics import Metrics
from perdura.models.promotion.diagnosis import Diagnosis

_CAUSE = ". Likely cause: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimums:
    """What a model must reach with or without a champion.

    Attributes:
        roc_auc: At least this on the judged rows.
        roc_auc_low: At least this in 95 of 100 resamples.
        calibration_error: Beyond what chance explains, at most this, and
        calibration_share: at most this share of the rate of leaving, or of staying where that is
            less: the sum of the risks is then right to a quarter.
        leavers: At least so many of the judged left: of fewer chance explains nearly anything.
        lift_low: Among those whom support can call there are more leavers than this many times
            the share of all, in 95 of 100 resamples.
        sure: In this share of the resamples a challenger must be better than the champion.
        most_lost: Made anew at earlier dates, at this share of them at most it may be no better
            than who says the same rate of everybody.
        leaks: From where on it seems to know what it should guess.
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
        metrics_by_model: Of the ``model`` and of its baselines, by name.
        minimums: What it must reach.
        lower_bound: Its ROC AUC is at least this in 95 of 100 resamples.
        bound: Its calibration error is at most this.
        diagnosis: What is known of its rows; ``None``: nobody looks for causes.
    """
    model, constant = metrics_by_model["model"], metrics_by_model["constant"]
    recency, own_rate = metrics_by_model.get("recency"), metrics_by_model.get("own_rate")
    missed, ranks_badly = [], []
    if bound.leavers < minimums.leavers:
        few = (
            f"{bound.leavers:,} of the {bound.rows:,} evaluated rows left, and an evaluation needs "
            f"at least {minimums.leavers}"
        )
        missed.append(caused(few, diagnosis and diagnosis.few_leavers()))
    if model.roc_auc < minimums.roc_auc:
        ranks_badly.append(
            f"its ROC AUC is {model.roc_auc:.3f} and must be at least {minimums.roc_auc:.2f}"
        )
    if model.log_loss >= constant.log_loss:
        ranks_badly.append(
            f"its log loss is {model.log_loss:.4f}, no better than predicting the same rate for "
            f"every subscriber ({constant.log_loss:.4f})"
        )
    if own_rate and model.log_loss >= own_rate.log_loss:
        ranks_badly.append(
            f"its log loss is {model.log_loss:.4f}, no better than predicting each subscriber's "
            f"own past rate ({own_rate.log_loss:.4f})"
        )
    if recency and model.roc_auc <= recency.roc_auc:
        ranks_badly.append(
            f"it ranks no better (ROC AUC {model.roc_auc:.3f}) than the days since the last "
            f"payment do ({recency.roc_auc:.3f})"
        )
    if lower_bound < minimums.roc_auc_low:
        luck = (
            "its ranking may be chance: in 1 of 20 resamples its ROC AUC is "
            f"{lower_bound:.3f} or lower, and even there it must be at least "
            f"{minimums.roc_auc_low:.2f}"
        )
        ranks_badly.append(luck)
    if ranks_badly:
        missed += [
            *ranks_badly[:-1],
            caused(ranks_badly[-1], diagnosis and diagnosis.ranks_badly()),
        ]
    if model.calibration_error > bound.highest:
        off = (
            f"its risks are {model.calibration_error:.3f} off the observed rates, and may be at "
            f"most {bound.highest:.3f} off ({bound.chance:.3f} is chance, with "
            f"{bound.leavers:,} leavers among {bound.rows:,} rows)"
        )
        missed.append(off if diagnosis is None else f"{off}: {diagnosis.level_off()}")
    return missed


def caused(found: str, cause: str | None) -> str:
    """What was found, and what likely causes it, where that is known."""
    return f"{found}. {cause}" if cause else found


def name_each_cause_once(missed: list[str]) -> list[str]:
    """The same findings; a cause that several of them share is told with the last of them."""
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
        lift: Of the judged rows.
        lower_bound: As of ``lift_lower_bound``; ``None``: all would be called.
        calls: How many people support can call on one date.
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
    """Why a model that was made like this at earlier dates should not be trusted, a sentence each.

    Args:
        earlier: As of ``at_earlier_dates``.
        minimums: What it must reach there.
        diagnosis: What is known of its rows.
    """
    most = int(minimums.most_lost * earlier.height)
    lost = earlier.filter(pl.col("log_loss") >= pl.col("constant"))
    blind = earlier.filter(pl.col("high") < minimums.roc_auc_low)
    missed = []
    if lost.height > most:
        why = (
            f"it does not hold up in backtests: trained at {earlier.height} earlier dates, it was "
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
