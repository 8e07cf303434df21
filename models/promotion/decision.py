"""Whether a new model becomes the champion, and why, in words."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from perdura.models.evaluation.bootstrap import RESAMPLES, resample
from perdura.models.evaluation.calibration_bound import calibration_bound
from perdura.models.evaluation.leakage import Leaks, alarms
from perdura.models.evaluation.lift import lift_lower_bound
from perdura.models.evaluation.metrics import Metrics
from perdura.models.promotion.diagnosis import Diagnosis
from perdura.models.promotion.incumbent import Incumbent
from perdura.models.promotion.minimums import (
    Minimums,
    beaten_by_logistic,
    below_minimums,
    name_each_cause_once,
    unsteady,
    without_lift,
)
from perdura.models.promotion.refresh import refreshed

_NO_CHAMPION = "there was no champion"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the model is promoted, and the reasons in words, one sentence each.

    Attributes:
        promoted: Whether it is.
        reasons: Why, or why not.
        measured: The numbers behind them by name.
        alarmed: Whether it fails the leakage checks.
        no_better: Whether it meets every minimum, has another recipe than the champion, and is
            refused for being no better.
    """

    promoted: bool
    reasons: tuple[str, ...]
    measured: dict[str, float] = field(default_factory=dict)
    alarmed: bool = False
    no_better: bool = False


def verdict(
    rows: pl.DataFrame,
    metrics_by_model: dict[str, Metrics],
    incumbent: Incumbent | None = None,
    *,
    calls: int | None = None,
    earlier: pl.DataFrame | None = None,
    leaks: Leaks | None = None,
    minimums: Minimums | None = None,
    diagnosis: Diagnosis | None = None,
    seed: int = 0,
) -> Verdict:
    """Promote a model that meets every minimum and, where there is a champion, beats it.

    Args:
        rows: The test rows: ``subscriber_id``, ``churned``, ``risk`` and, where the champion can
            be compared, ``champion``.
        metrics_by_model: Metrics of the ``model`` and of its baselines, by name.
        incumbent: Why the champion cannot be compared, or cannot be beaten.
        calls: Number of subscribers that support can call on one date; ``None``: no calls.
        earlier: The backtests of ``at_earlier_dates``; ``None``: there are none.
        leaks: What the leakage checks measured.
        minimums: What the model must reach with or without a champion.
        diagnosis: What is known of its rows, to name the likely cause of a refusal.
        seed: Decides the resamples.
    """
    minimums, incumbent = minimums or Minimums(), incumbent or Incumbent()
    missed, measured = _missed_minimums(
        rows, metrics_by_model, minimums, diagnosis, calls=calls, earlier=earlier, seed=seed
    )
    alarmed = [] if leaks is None else alarms(leaks, minimums.leaks)
    if leaks is not None:
        measured |= leaks.measured
    if missed or alarmed:
        return Verdict(
            promoted=False,
            reasons=tuple(f"Refused: {why}." for why in [*alarmed, *name_each_cause_once(missed)]),
            measured=measured,
            alarmed=bool(alarmed),
        )
    return _against_incumbent(rows, incumbent, minimums.sure, seed, measured)


def _missed_minimums(
    rows: pl.DataFrame,
    metrics_by_model: dict[str, Metrics],
    minimums: Minimums,
    diagnosis: Diagnosis | None,
    *,
    calls: int | None,
    earlier: pl.DataFrame | None,
    seed: int,
) -> tuple[list[str], dict[str, float]]:
    """The minimums that a model falls short of, in words, and the numbers behind that."""
    model = metrics_by_model["model"]
    compared = rows.drop("champion", strict=False)
    if "logistic" in rows.columns:
        compared = compared.with_columns(champion="logistic")
    drawn = resample(compared, seed)
    bound = calibration_bound(
        rows, tolerance=minimums.calibration_share, most=minimums.calibration_error, seed=seed
    )
    lower_bound = float(np.quantile(drawn["auc"], 0.05))
    measured = {"roc_auc_surely": lower_bound, "calibration_bound": bound.highest}
    missed = below_minimums(metrics_by_model, minimums, lower_bound, bound, diagnosis)
    if earlier is not None:
        missed += unsteady(earlier, minimums, diagnosis)
    missed += beaten_by_logistic(drawn, minimums, diagnosis)
    if calls is not None:
        lift = lift_lower_bound(rows, calls, seed)
        measured |= {} if lift is None else {"lift_surely": lift}
        # A ranking like a coin's is itself the cause of no lift.
        cause = diagnosis if model.roc_auc >= minimums.roc_auc else None
        missed += without_lift(model.lift, lift, calls, minimums, cause)
    return missed, measured


def _against_incumbent(
    rows: pl.DataFrame, incumbent: Incumbent, sure: float, seed: int, measured: dict[str, float]
) -> Verdict:
    """The verdict on a model that meets every minimum."""
    if incumbent.knew:
        why = f"Refused: {incumbent.knew}; train on later dates to compare them."
        return Verdict(promoted=False, reasons=(why,), measured=measured)
    if incumbent.incomparable:
        why = (
            f"Refused: {incumbent.incomparable}; it stays. Register a model of its own for another "
            "question, as perdura train does."
        )
        return Verdict(promoted=False, reasons=(why,), measured=measured)
    if incumbent.silent or "champion" not in rows.columns:
        silent = f"{incumbent.silent}, so there is nothing to beat"
        without = silent if incumbent.silent else _NO_CHAMPION
        why = f"Promoted: it meets every minimum, and {without}."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    if incumbent.unservable:
        return _instead_of_unservable(rows, incumbent.unservable, sure, seed, measured)
    if incumbent.refresh:
        return _refresh(rows, incumbent, seed, measured)
    return _against_champion(rows, sure, seed, measured)


def _refresh(
    rows: pl.DataFrame, incumbent: Incumbent, seed: int, measured: dict[str, float]
) -> Verdict:
    """Whether the champion's recipe, fitted on later outcomes, replaces it: if not inferior."""
    if not incumbent.newer:
        why = "Not promoted: it is the champion's recipe on no later outcomes; the champion stays."
        return Verdict(promoted=False, reasons=(why,), measured=measured)
    promoted, why, found = refreshed(rows, seed)
    why = f"{'Promoted' if promoted else 'Refused'}: {why}."
    return Verdict(promoted=promoted, reasons=(why,), measured=measured | found)


def _instead_of_unservable(
    rows: pl.DataFrame, unservable: str, sure: float, seed: int, measured: dict[str, float]
) -> Verdict:
    """Whether it replaces a champion that cannot score any more: unless it is clearly worse."""
    worse = float(np.mean(resample(rows, seed)["loss_gain"] < 0))
    if worse < sure:
        why = f"Promoted: {unservable}, and this model is not clearly worse on the rest."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    why = (
        f"Refused: this model is clearly worse than the champion's recipe (its log loss is higher "
        f"in {worse:.0%} of {RESAMPLES} resamples); and yet {unservable}, so no night is scored "
        "until a model replaces it."
    )
    return Verdict(promoted=False, reasons=(why,), measured=measured)


def _against_champion(
    rows: pl.DataFrame, sure: float, seed: int, measured: dict[str, float]
) -> Verdict:
    """Whether it is better than the champion on the same rows."""
    drawn = resample(rows, seed)
    gains = {name: float(np.mean(drawn[name])) for name in ("auc_gain", "loss_gain")}
    shares = {
        "less_surprised_share": float(np.mean(drawn["loss_gain"] > 0)),
        "more_surprised_share": float(np.mean(drawn["loss_gain"] < 0)),
    }
    ranks_worse = float(np.mean(drawn["auc_gain"] < 0))
    if rows["risk"].equals(rows["champion"].alias("risk")):
        why = "Not promoted: it gives the same risks as the champion, which stays."
        return Verdict(False, (why,), measured | gains | shares, no_better=True)
    promoted = shares["less_surprised_share"] >= sure and ranks_worse < sure
    needs = "" if promoted else f"; it must be lower in {sure:.0%} and not rank clearly worse"
    why = (
        f"{'Promoted' if promoted else 'Refused'}: on the same rows its log loss differs from the "
        f"champion's by {-gains['loss_gain']:+.4f} (lower in {shares['less_surprised_share']:.0%} "
        f"of {RESAMPLES} resamples), its ROC AUC by {gains['auc_gain']:+.4f}{needs}."
    )
    return Verdict(promoted, (why,), measured | gains | shares, no_better=not promoted)
