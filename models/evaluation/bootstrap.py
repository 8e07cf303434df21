"""What the judged rows would say, had other subscribers happened to be in them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from scipy.stats import poisson

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap_kernel import auc_and_loss

Found = TypeVar("Found")

#: Drawn again so many times, whole subscribers at once.
RESAMPLES = 400

# Poisson counts of mean one, each as often as it is likely, to one in 65,536: drawing a place is
# twenty times as fast as drawing a count. A byte each, so that everybody's fit the cache.
_COUNTS = np.searchsorted(poisson.cdf(np.arange(10), 1.0), (np.arange(2**16) + 0.5) / 2**16).astype(
    np.uint8
)


def resample(rows: pl.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """What the judged rows would say if other subscribers had happened to be in them.

    Subscribers are drawn with replacement, all rows of one together, the same for both models;
    accounts with one ``owner`` are one subscriber.

    Returns:
        One value per resample: ``auc`` and, with a champion, ``auc_gain`` (above zero: the
        challenger ranks better) and ``loss_gain`` (above zero: its log loss is lower).
    """
    churned = rows["churned"].to_numpy().astype(bool)
    person = rows[person_column(rows)].rank("dense").to_numpy().astype(int) - 1
    ranked = {name: Ranked.of(rows[name].to_numpy(), churned, person) for name in _shown(rows)}
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
        return find(_COUNTS[random.integers(0, len(_COUNTS), people, dtype=np.uint16)])

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(once, np.random.default_rng(seed).spawn(RESAMPLES)))


@dataclass(frozen=True, slots=True)
class Ranked:
    """One risk's rows, from the lowest to the highest, as ``auc_and_loss`` takes them."""

    person: np.ndarray
    left: np.ndarray
    begins: np.ndarray
    log_losses: np.ndarray

    @staticmethod
    def of(risk: np.ndarray, churned: np.ndarray, person: np.ndarray) -> "Ranked":
        """Of rows in any order."""
        order = np.argsort(risk, kind="stable")
        risk, left = risk[order], churned[order]
        said = np.clip(np.where(left, risk, 1 - risk), 1e-15, 1)
        begins = np.diff(risk, prepend=risk[0]) > 0
        return Ranked(person[order].astype(np.int32), left, begins, -np.log(said))

    def told(self, drawn: np.ndarray) -> tuple[float, float]:
        """ROC AUC and log loss of one resample."""
        return auc_and_loss(drawn, self.person, self.left, self.begins, self.log_losses)


def _draw(ranked: dict[str, Ranked], weight: np.ndarray) -> dict[str, float]:
    auc, loss = ranked["risk"].told(weight)
    if "champion" not in ranked:
        return {"auc": auc}
    champion_auc, champion_loss = ranked["champion"].told(weight)
    return {"auc": auc, "auc_gain": auc - champion_auc, "loss_gain": champion_loss - loss}
