"""Bootstrap of the test set by subscriber: how metrics vary with the subscribers in it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from scipy.stats import poisson

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap_kernel import auc_and_loss

Result = TypeVar("Result")

#: Number of resamples; each draws whole subscribers.
RESAMPLES = 400

# Poisson counts of mean one, each as often as its probability to one in 65,536: drawing an index
# is twenty times as fast as drawing a count. One byte each, so that all counts fit the cache.
_COUNTS = np.searchsorted(poisson.cdf(np.arange(10), 1.0), (np.arange(2**16) + 0.5) / 2**16).astype(
    np.uint8
)


def resample(rows: pl.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """The metrics of each resample of the test set.

    Subscribers are drawn with replacement, all rows of one together, the same for both models;
    accounts with one ``owner`` are one subscriber.

    Returns:
        One value per resample: ``auc`` and, with a champion, ``auc_gain`` (above zero: the
        challenger ranks better) and ``loss_gain`` (above zero: its log loss is lower).
    """
    churned = rows["churned"].to_numpy().astype(bool)
    subscriber = rows[person_column(rows)].rank("dense").to_numpy().astype(int) - 1
    ranked = {
        name: Ranked.of(rows[name].to_numpy(), churned, subscriber)
        for name in ("risk", "champion")
        if name in rows.columns
    }

    def metrics(drawn: np.ndarray) -> dict[str, float]:
        auc, loss = ranked["risk"].metrics(drawn)
        if "champion" not in ranked:
            return {"auc": auc}
        champion_auc, champion_loss = ranked["champion"].metrics(drawn)
        return {"auc": auc, "auc_gain": auc - champion_auc, "loss_gain": champion_loss - loss}

    results = map_resamples(subscriber.max() + 1, seed, metrics)
    return {name: np.array([result[name] for result in results]) for name in results[0]}


def map_resamples(
    subscribers: int, seed: int, compute: Callable[[np.ndarray], Result]
) -> list[Result]:
    """The result of ``compute`` for each resample, on all cores; independent of their number.

    Args:
        subscribers: Number of subscribers to draw from.
        seed: Decides the resamples.
        compute: Gets how often each subscriber is drawn. Poisson counts approximate drawing with
            replacement where there are many subscribers.
    """

    def draw(random: np.random.Generator) -> Result:
        return compute(_COUNTS[random.integers(0, len(_COUNTS), subscribers, dtype=np.uint16)])

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(draw, np.random.default_rng(seed).spawn(RESAMPLES)))


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows by ascending risk, as the kernel ``auc_and_loss`` reads them."""

    subscriber: np.ndarray
    churned: np.ndarray
    begins: np.ndarray
    log_losses: np.ndarray

    @staticmethod
    def of(risk: np.ndarray, churned: np.ndarray, subscriber: np.ndarray) -> "Ranked":
        """From rows in any order."""
        order = np.argsort(risk, kind="stable")
        risk, churned = risk[order], churned[order]
        likelihood = np.clip(np.where(churned, risk, 1 - risk), 1e-15, 1)
        begins = np.diff(risk, prepend=risk[0]) > 0
        return Ranked(subscriber[order].astype(np.int32), churned, begins, -np.log(likelihood))

    def metrics(self, drawn: np.ndarray) -> tuple[float, float]:
        """ROC AUC and log loss of one resample."""
        return auc_and_loss(drawn, self.subscriber, self.churned, self.begins, self.log_losses)
