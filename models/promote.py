"""Whether a new model becomes the champion, and why, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models.judge import Judgement

#: Drawn again so many times, whole subscribers at once.
RESAMPLES = 400


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
    *,
    floors: Floors | None = None,
    champion_says: str | None = None,
    seed: int = 0,
) -> Verdict:
    """Promote a model that clears every floor and, where a champion reigns, beats it.

    Args:
        rows: The judged rows: ``subscriber_id``, ``churned``, ``risk`` and, where the champion
            could read the same rows, ``champion``.
        judgements: Of the ``model`` and of its baselines, by name.
        floors: What it must reach whoever reigns.
        champion_says: Why the champion could not be asked; ``None`` where it could, or where
            there is none.
        seed: Decides the resamples.
    """
    floors = floors or Floors()
    drawn = resample(rows, seed)
    below = _below_floors(judgements, floors, surely := float(np.quantile(drawn["auc"], 0.05)))
    measured = {"roc_auc_surely": surely}
    if below:
        return Verdict(promoted=False, reasons=tuple(below), measured=measured)
    if champion_says:
        why = f"Promoted: it clears the floors, and {champion_says}, so there is nothing to beat."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    if "champion" not in rows.columns:
        why = "Promoted: it clears the floors, and no champion reigned."
        return Verdict(promoted=True, reasons=(why,), measured=measured)
    return _against_champion(drawn, floors.sure, measured)


def resample(rows: pl.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """What the judged rows would say if other subscribers had happened to be in them.

    Subscribers are drawn with replacement, all rows of one together, the same for both models.

    Returns:
        One value per resample: ``auc`` and, with a champion, ``auc_gain`` (above zero: the
        challenger ranks better) and ``loss_gain`` (above zero: it is less surprised).
    """
    churned = rows["churned"].to_numpy().astype(bool)
    person = rows["subscriber_id"].rank("dense").to_numpy().astype(int) - 1
    ranked = {name: _Ranked.of(rows[name].to_numpy(), churned, person) for name in _shown(rows)}
    drawn = [_draw(ranked, weight) for weight in _draws(person.max() + 1, seed)]
    return {name: np.array([found[name] for found in drawn]) for name in drawn[0]}


def _below_floors(judgements: dict[str, Judgement], floors: Floors, surely: float) -> list[str]:
    model, constant = judgements["model"], judgements["constant"]
    recency = judgements.get("recency")
    checks = [
        (
            model.roc_auc >= floors.roc_auc,
            f"its ROC AUC is {model.roc_auc:.3f} and must be at least {floors.roc_auc:.2f}",
        ),
        (
            surely >= floors.roc_auc_surely,
            (
                f"its ROC AUC is {surely:.3f} or less in a twentieth of the resamples and must "
                f"surely be at least {floors.roc_auc_surely:.2f}"
            ),
        ),
        (
            model.log_loss < constant.log_loss,
            (
                f"its log loss is {model.log_loss:.4f}, no better than saying the same rate of "
                f"everybody ({constant.log_loss:.4f})"
            ),
        ),
        (
            recency is None or model.roc_auc > recency.roc_auc,
            (
                f"it ranks no better (ROC AUC {model.roc_auc:.3f}) than the days since the last "
                f"payment do ({recency.roc_auc if recency else 0:.3f})"
            ),
        ),
        (
            model.calibration_error <= floors.calibration_error,
            (
                f"its risks are {model.calibration_error:.3f} from the rates that came, and may be "
                f"at most {floors.calibration_error:.3f} from them"
            ),
        ),
    ]
    return [f"Refused: {why}." for holds, why in checks if not holds]


def _against_champion(
    drawn: dict[str, np.ndarray], sure: float, measured: dict[str, float]
) -> Verdict:
    """Less surprised in nearly all resamples, and not ranking worse in nearly all of them."""
    less_surprised = float(np.mean(drawn["loss_gain"] > 0))
    ranks_worse = float(np.mean(drawn["auc_gain"] < 0))
    gains = {name: float(np.mean(drawn[name])) for name in ("auc_gain", "loss_gain")}
    measured = measured | gains | {"less_surprised_share": less_surprised}
    told = (
        f"on the same rows its log loss differs from the champion's by {-gains['loss_gain']:+.4f} "
        f"(lower in {less_surprised:.0%} of {RESAMPLES} resamples), its ROC AUC by "
        f"{gains['auc_gain']:+.4f}"
    )
    promoted = less_surprised >= sure and ranks_worse < sure
    needs = "" if promoted else f"; it must be lower in {sure:.0%} and not rank clearly worse"
    why = f"{'Promoted' if promoted else 'Refused'}: {told}{needs}."
    return Verdict(promoted=promoted, reasons=(why,), measured=measured)


def _shown(rows: pl.DataFrame) -> list[str]:
    return [name for name in ("risk", "champion") if name in rows.columns]


def _draws(people: int, seed: int) -> Iterator[np.ndarray]:
    """How often each person is drawn. Poisson counts are drawing anew, where many may be drawn."""
    random = np.random.default_rng(seed)
    return (random.poisson(1.0, people) for _ in range(RESAMPLES))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One risk's rows from the lowest risk to the highest, and where each new risk starts."""

    person: np.ndarray
    churned: np.ndarray
    surprise: np.ndarray
    starts: np.ndarray

    @staticmethod
    def of(risk: np.ndarray, churned: np.ndarray, person: np.ndarray) -> "_Ranked":
        order = np.argsort(risk, kind="stable")
        risk, churned = risk[order], churned[order]
        said = np.clip(np.where(churned, risk, 1 - risk), 1e-15, 1)
        starts = np.flatnonzero(np.diff(risk, prepend=-np.inf))
        return _Ranked(person[order], churned, -np.log(said), starts)

    def auc_and_loss(self, drawn: np.ndarray) -> tuple[float, float]:
        """ROC AUC and log loss, each row counting as often as its person was drawn.

        Pairs of leaver and stayer in the right order over all pairs; equal risks count half.
        """
        weight = drawn[self.person]
        leavers = np.add.reduceat(weight * self.churned, self.starts)
        stayers = np.add.reduceat(weight * ~self.churned, self.starts)
        pairs = float(leavers.sum()) * float(stayers.sum())
        ordered = float((leavers * (np.cumsum(stayers) - stayers / 2)).sum())
        return ordered / pairs if pairs else 0.5, float(weight @ self.surprise) / weight.sum()


def _draw(ranked: dict[str, _Ranked], weight: np.ndarray) -> dict[str, float]:
    auc, loss = ranked["risk"].auc_and_loss(weight)
    if "champion" not in ranked:
        return {"auc": auc}
    champion_auc, champion_loss = ranked["champion"].auc_and_loss(weight)
    return {"auc": auc, "auc_gain": auc - champion_auc, "loss_gain": champion_loss - loss}
