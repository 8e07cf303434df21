"""What the judged rows would say, had other subscribers happened to be in them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl

from models.people import person_column

Found = TypeVar("Found")

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
    drawn = drawn_anew(person.max() + 1, seed, lambda weight: _draw(ranked, weight))
    return {name: np.array([found[name] for found in drawn]) for name in drawn[0]}


def _shown(rows: pl.DataFrame) -> list[str]:
    return [name for name in ("risk", "champion") if name in rows.columns]


def drawn_anew(people: int, seed: int, find: Callable[[np.ndarray], Found]) -> list[Found]:
    """What is found in each resample, on all cores; however many they are, the same.

    Args:
        people: So many may be drawn.
        seed: Decides the resamples.
        find: Is given how often each person is drawn. Poisson counts are drawing anew, where many
            may be drawn.
    """

    def once(random: np.random.Generator) -> Found:
        # A byte each, so that everybody's fit the cache; a Poisson count of mean one is never 256.
        return find(random.poisson(1.0, people).astype(np.uint8))

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(once, np.random.default_rng(seed).spawn(RESAMPLES)))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One risk's rows from the lowest risk to the highest, and its leavers among them.

    Attributes:
        person: Whose each row is.
        surprise: What each row adds to the log loss.
        leaver: Where the leavers' rows are.
        below: Of each leaver, how many rows have a lower risk.
        upto: Of each leaver, how many rows have a lower or the same risk.
        leavers_below: Of each leaver, how many of ``leaver`` have a lower risk.
        leavers_upto: Of each leaver, how many of ``leaver`` have a lower or the same risk.
    """

    person: np.ndarray
    surprise: np.ndarray
    leaver: np.ndarray
    below: np.ndarray
    upto: np.ndarray
    leavers_below: np.ndarray
    leavers_upto: np.ndarray

    @staticmethod
    def of(risk: np.ndarray, churned: np.ndarray, person: np.ndarray) -> "_Ranked":
        order = np.argsort(risk, kind="stable")
        risk, churned = risk[order], churned[order]
        said = np.clip(np.where(churned, risk, 1 - risk), 1e-15, 1)
        theirs = risk[churned]
        return _Ranked(
            person[order],
            -np.log(said),
            np.flatnonzero(churned),
            *(np.searchsorted(among, theirs, side) for among in (risk, theirs) for side in _SIDES),
        )

    def auc_and_loss(self, drawn: np.ndarray) -> tuple[float, float]:
        """ROC AUC and log loss, each row counting as often as its person was drawn.

        Pairs of leaver and stayer in the right order over all pairs; equal risks count half.
        """
        weight = drawn[self.person]
        leavers = weight[self.leaver]
        rows, left = _sums(weight), _sums(leavers)
        below = rows[self.below] - left[self.leavers_below]
        upto = rows[self.upto] - left[self.leavers_upto]
        pairs = float(left[-1]) * float(rows[-1] - left[-1])
        ordered = float((leavers * (below + upto)).sum()) / 2
        # Summed by NumPy alone: a product of vectors hangs on the number of threads.
        loss = float((weight * self.surprise).sum()) / max(float(rows[-1]), 1.0)
        return ordered / pairs if pairs else 0.5, loss


_SIDES = ("left", "right")


def _sums(counts: np.ndarray) -> np.ndarray:
    """The sum of the first ``n`` counts, for every ``n`` from zero."""
    sums = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=sums[1:])
    return sums


def _draw(ranked: dict[str, _Ranked], weight: np.ndarray) -> dict[str, float]:
    auc, loss = ranked["risk"].auc_and_loss(weight)
    if "champion" not in ranked:
        return {"auc": auc}
    champion_auc, champion_loss = ranked["champion"].auc_and_loss(weight)
    return {"auc": auc, "auc_gain": auc - champion_auc, "loss_gain": champion_loss - loss}
