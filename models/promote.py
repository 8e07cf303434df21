"""Whether a new model becomes the champion, and why, in words."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models.judge import Judgement
from models.reigning import Reigning
from models.resample import RESAMPLES, resample


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """What a model must reach whoever reigns.

    Attributes:
        roc_auc: At least this on the judged rows.
        roc_auc_surely: At least this in 95 of 100 resamples.
        calibration_error: At most this.
        sure: In this share of the resamples a challenger must be better than the champion.
    """

    roc_auc: float = 0.60
    roc_auc_surely: float = 0.55
    calibration_error: float = 0.05
    sure: float = 0.90


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the model is promoted, and the reasons in words, one sentence each."""

    promoted: bool
    reasons: tuple[str, ...]
    measured: dict[str, float] = field(default_factory=dict)


def verdict(
    rows: pl.DataFrame,
    judgements: dict[str, Judgement],
    reigning: Reigning | None = None,
    *,
    floors: Floors | None = None,
    seed: int = 0,
) -> Verdict:
    """Promote a model that clears every floor and, where a champion reigns, beats it.

    Args:
        rows: The judged rows: ``subscriber_id``, ``churned``, ``risk`` and, where the champion
            was asked, ``champion``, null where it cannot read the row.
        judgements: Of the ``model`` and of its baselines, by name.
        reigning: Why the champion could not be asked, cannot be beaten, or cannot go on.
        floors: What it must reach whoever reigns.
        seed: Decides the resamples.
    """
    floors, reigning = floors or Floors(), reigning or Reigning()
    drawn = resample(rows.drop("champion", strict=False), seed)
    below = _below_floors(judgements, floors, surely := float(np.quantile(drawn["auc"], 0.05)))
    measured = {"roc_auc_surely": surely}
    if below:
        return Verdict(promoted=False, reasons=tuple(below), measured=measured)
    if reigning.knew:
        why = f"Refused: {reigning.knew}; train on later dates to compare them."
        return Verdict(promoted=False, reasons=(why,), measured=measured)
    if reigning.silent:
        why = f"Promoted: it clears the floors, and {reigning.silent}, so there is nothing to beat."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    if "champion" not in rows.columns:
        why = "Promoted: it clears the floors, and no champion reigned."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    return _against_champion(rows, reigning.stranded, floors.sure, seed, measured)


def _below_floors(judgements: dict[str, Judgement], floors: Floors, surely: float) -> list[str]:
    """What the model falls short of, a sentence each."""
    model, constant = judgements["model"], judgements["constant"]
    recency = judgements.get("recency")
    missed = []
    if model.roc_auc < floors.roc_auc:
        missed.append(
            f"its ROC AUC is {model.roc_auc:.3f} and must be at least {floors.roc_auc:.2f}"
        )
    if surely < floors.roc_auc_surely:
        missed.append(
            f"its ranking may be luck: in 1 of 20 resamples its ROC AUC is {surely:.3f} or lower, "
            f"and even there it must be at least {floors.roc_auc_surely:.2f}"
        )
    if model.log_loss >= constant.log_loss:
        missed.append(
            f"its log loss is {model.log_loss:.4f}, no better than saying the same rate of "
            f"everybody ({constant.log_loss:.4f})"
        )
    if recency and model.roc_auc <= recency.roc_auc:
        missed.append(
            f"it ranks no better (ROC AUC {model.roc_auc:.3f}) than the days since the last "
            f"payment do ({recency.roc_auc:.3f})"
        )
    if model.calibration_error > floors.calibration_error:
        missed.append(
            f"its risks are {model.calibration_error:.3f} from the rates that came, and may be at "
            f"most {floors.calibration_error:.3f} from them"
        )
    return [f"Refused: {why}." for why in missed]


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
