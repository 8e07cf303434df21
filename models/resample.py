"""What the judged rows would say, had other subscribers happened to be in them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.people import person_column

#: Drawn again so many times, whole subscribers at once.
RESAMPLES = 400


def resample(rows: pl.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """What the judged rows would say if other subscribers had happened to be in them.

    Subscribers are drawn with replacement, all rows of one together, the same for both models;
    accounts with one ``owner`` are one subscriber.

    Returns:
        One value per resample: ``auc`` and, with a champion, ``auc_gain`` (above zero: the
        challenger ranks better) and ``loss_gain`` (above zero: it is less surprised).
    """
    churned = rows["churned"].to_numpy().astype(bool)
    person = rows[person_column(rows)].rank("dense").to_numpy().astype(int) - 1
    ranked = {name: _Ranked.of(rows[name].to_numpy(), churned, person) for name in _shown(rows)}
    drawn = [_draw(ranked, weight) for weight in _draws(person.max() + 1, seed)]
    return {name: np.array([found[name] for found in drawn]) for name in drawn[0]}


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
