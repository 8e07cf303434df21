"""Whether a new model becomes the champion, and why, in words."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from sklearn.metrics import log_loss

from models.floors import Floors, below_floors, unsteady
from models.judge import Judgement
from models.leaks import Leaks, alarms
from models.reigning import Reigning
from models.resample import RESAMPLES, resample

#: A refresh may be this much worse than the champion, as a share of its log loss, and no more.
_NOT_INFERIOR = -0.005


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the model is promoted, and the reasons in words, one sentence each.

    Attributes:
        promoted: Whether it is.
        reasons: Why, or why not.
        measured: The numbers behind them by name.
        alarmed: Whether something seems to have told it what it should have guessed.
    """

    promoted: bool
    reasons: tuple[str, ...]
    measured: dict[str, float] = field(default_factory=dict)
    alarmed: bool = False


def verdict(
    rows: pl.DataFrame,
    judgements: dict[str, Judgement],
    reigning: Reigning | None = None,
    *,
    earlier: pl.DataFrame | None = None,
    leaks: Leaks | None = None,
    floors: Floors | None = None,
    seed: int = 0,
) -> Verdict:
    """Promote a model that clears every floor and, where a champion reigns, beats it.

    Args:
        rows: The judged rows: ``subscriber_id``, ``churned``, ``risk`` and, where the champion
            was asked, ``champion``, null where it cannot read the row.
        judgements: Of the ``model`` and of its baselines, by name.
        reigning: Why the champion could not be asked, cannot be beaten, or cannot go on.
        earlier: How it would have done at earlier dates, as of ``at_earlier_dates``; or
            nobody asked.
        leaks: What the leak alarm looked at.
        floors: What it must reach whoever reigns.
        seed: Decides the resamples.
    """
    floors, reigning = floors or Floors(), reigning or Reigning()
    drawn = _beside_a_line(rows, seed)
    below = below_floors(judgements, floors, surely := float(np.quantile(drawn["auc"], 0.05)))
    if earlier is not None:
        below += unsteady(earlier, floors)
    below += _beaten_by_a_line(drawn, floors.sure)
    measured = {"roc_auc_surely": surely}
    alarmed = [] if leaks is None else alarms(leaks, floors.leaks)
    if leaks is not None:
        measured |= leaks.measured
    if below or alarmed:
        return Verdict(
            promoted=False,
            reasons=tuple(f"Refused: {why}." for why in [*alarmed, *below]),
            measured=measured,
            alarmed=bool(alarmed),
        )
    if reigning.knew:
        why = f"Refused: {reigning.knew}; train on later dates to compare them."
        return Verdict(promoted=False, reasons=(why,), measured=measured)
    if reigning.silent:
        why = f"Promoted: it clears the floors, and {reigning.silent}, so there is nothing to beat."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    if "champion" not in rows.columns:
        why = "Promoted: it clears the floors, and no champion reigned."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    if reigning.refresh and not reigning.stranded:
        return _refreshed(rows, reigning, seed, measured)
    return _against_champion(rows, reigning.stranded, floors.sure, seed, measured)


def _refreshed(
    rows: pl.DataFrame, reigning: Reigning, seed: int, measured: dict[str, float]
) -> Verdict:
    """The champion's own recipe on newer data: promoted if it is not inferior."""
    if not reigning.newer:
        why = "Not promoted: it is the champion's recipe on no later outcomes; the champion stays."
        return Verdict(promoted=False, reasons=(why,), measured=measured)
    both = rows.drop_nulls("champion")
    gain = np.asarray(resample(both, seed)["loss_gain"]) / _log_loss(both, "champion")
    bound, mean = float(np.quantile(gain, 0.05)), float(np.mean(gain))
    promoted = bound > _NOT_INFERIOR
    told = (
        f"it is the champion's recipe on later outcomes, and its log loss is {-mean:+.2%} from the "
        f"champion's; surely at most {-bound:+.2%}, and {-_NOT_INFERIOR:+.1%} would be too much"
    )
    return Verdict(
        promoted=promoted,
        reasons=(f"{'Promoted' if promoted else 'Refused'}: {told}.",),
        measured=measured | {"refresh_gain": mean, "refresh_gain_surely": bound},
    )


def _log_loss(rows: pl.DataFrame, risk: str) -> float:
    return float(log_loss(rows["churned"].to_numpy(), rows[risk].to_numpy(), labels=[0, 1]))


def _beside_a_line(rows: pl.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """What resamples say of the model, and of logistic regression, where it was asked."""
    line = ["logistic"] if "logistic" in rows.columns else []
    told = rows.drop("champion", strict=False)
    return resample(told.with_columns(pl.col(name).alias("champion") for name in line), seed)


def _beaten_by_a_line(drawn: dict[str, np.ndarray], sure: float) -> list[str]:
    """Where logistic regression was asked and is clearly better, that it is."""
    if "loss_gain" not in drawn:
        return []
    better = float(np.mean(drawn["loss_gain"] < 0))
    if better < sure:
        return []
    why = f"its log loss is lower in {better:.0%} of {RESAMPLES} resamples"
    return [f"logistic regression on the same columns is better: {why}"]


def _against_champion(
    rows: pl.DataFrame, stranded: str | None, sure: float, seed: int, measured: dict[str, float]
) -> Verdict:
    """On the rows that both can read: better than a champion, no worse than a stranded one."""
    both = rows.drop_nulls("champion")
    drawn = resample(both, seed)
    gains = {name: float(np.mean(drawn[name])) for name in ("auc_gain", "loss_gain")}
    shares = {
        "less_surprised_share": float(np.mean(drawn["loss_gain"] > 0)),
        "more_surprised_share": float(np.mean(drawn["loss_gain"] < 0)),
    }
    ranks_worse = float(np.mean(drawn["auc_gain"] < 0))
    if both["risk"].equals(both["champion"].alias("risk")) and not stranded:
        why = "Not promoted: it says the same as the champion, which stays."
        return Verdict(promoted=False, reasons=(why,), measured=measured | gains | shares)
    told = _told(gains, shares, _same_rows(both.height, rows.height))
    if stranded:
        promoted, why = _instead_of_stranded(stranded, told, shares["more_surprised_share"], sure)
    else:
        promoted = shares["less_surprised_share"] >= sure and ranks_worse < sure
        needs = "" if promoted else f"; it must be lower in {sure:.0%} and not rank clearly worse"
        why = f"{told}{needs}"
    why = f"{'Promoted' if promoted else 'Refused'}: {why}."
    return Verdict(promoted=promoted, reasons=(why,), measured=measured | gains | shares)


def _instead_of_stranded(
    stranded: str, told: str, more_surprised: float, sure: float
) -> tuple[bool, str]:
    """Whether to replace a champion with which the night would be refused, and why."""
    if more_surprised < sure:
        return (
            True,
            f"{stranded}, and this model clears the floors and is not clearly worse: {told}",
        )
    return False, (
        f"this model is clearly worse: {told}, higher in {more_surprised:.0%} of {RESAMPLES} "
        f"resamples; and yet {stranded}, so the night is refused until a model replaces it"
    )


def _told(gains: dict[str, float], shares: dict[str, float], where: str) -> str:
    return (
        f"{where} its log loss differs from the champion's by {-gains['loss_gain']:+.4f} "
        f"(lower in {shares['less_surprised_share']:.0%} of {RESAMPLES} resamples), its ROC AUC by "
        f"{gains['auc_gain']:+.4f}"
    )


def _same_rows(read: int, judged: int) -> str:
    if read == judged:
        return "on the same rows"
    return f"on the {read:,} of {judged:,} rows that the champion can read"
