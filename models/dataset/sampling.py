"""Negative downsampling: all churners and some non-churners, where there are more rows than needed.

A model is fitted, calibrated and evaluated on some rows (the evidence), then fitted again on all
dates with known outcomes (the refit), with its own share of non-churners.

Rows are chosen before their features are built. The choice depends only on the subscriber, the
date and the seed, so every machine takes the same rows, in any order and in any parts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column, person_numbers
from perdura.models.dataset.split import Dates, side_of, split_dates
from perdura.models.params import TrainingParams

_COUNTED = ["as_of", "side", "churned"]
_KNOWN = pl.col("churned").is_not_null()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The shares of the rows that are taken.

    Attributes:
        non_churners: Share of the non-churners to fit. Odds of churn are too high by its inverse.
        refit: Share of the non-churners among all rows with known outcomes, for the refit; at most
            ``non_churners``.
        people: Share of the people to calibrate and evaluate on, churners or not.
        dates: The dates of each part of the split; ``None`` where every row is taken.
        newest: The newest date of the spine.
        seed: Decides which rows are taken.
        left_out: Number of rows with known outcomes that are left out because support contacted
            the subscriber.
    """

    non_churners: float = 1.0
    refit: float = 1.0
    people: float = 1.0
    dates: Dates | None = None
    newest: datetime | None = None
    seed: int = 0
    left_out: int = 0

    @property
    def everything(self) -> bool:
        """Whether every row is taken."""
        return self.non_churners == self.people == self.refit == 1

    def calls(self, calls: int) -> int:
        """The number of calls among the sampled people that corresponds to ``calls`` among all."""
        return max(1, round(calls * self.people))


def outcome_counts(labelled: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    """Counts of labelled rows, from which ``sampling_of`` decides the shares.

    Returns:
        One row per ``as_of``, ``side`` (of a split by subscriber) and ``churned``: ``rows``, and
        how many of them are ``left_out``.
    """
    counts = {"rows": pl.len(), "left_out": pl.col("left_out").sum()}
    rows = labelled.with_columns(_sides(labelled, params))
    return rows.group_by(_COUNTED).agg(**counts).sort(_COUNTED)


def sampling_of(counts: Iterable[pl.DataFrame], params: TrainingParams) -> Sampling:
    """The shares under which no part of the split has more rows than ``params`` allow.

    Args:
        counts: From ``outcome_counts``, one frame per part of the subscribers.
        params: How the rows are split, and the most rows of each part.

    Raises:
        HistoryTooShort: There are more rows than allowed, and too few dates for a split.
    """
    counted = pl.concat(counts)
    everything = Sampling(left_out=int(counted["left_out"].sum()))
    if counted["rows"].sum() <= min(params.most_rows, params.most_later_rows):
        return everything
    known = counted.filter(_KNOWN)
    dates = _dates(known["as_of"].unique().sort().to_list(), params)

    def rows(part: pl.Expr) -> int:
        return int(known.filter(part)["rows"].sum())

    def non_churners(part: pl.Expr) -> float:
        """The share of non-churners to fit: at least as many as there are churners."""
        left, stayed = rows(part & pl.col("churned")), rows(part & ~pl.col("churned"))
        needed = max(params.most_rows - left, min(left, stayed))
        return min(1.0, needed / stayed) if stayed else 1.0

    fit, calibrate, test = _parts(dates)
    sampling = Sampling(
        non_churners=(fitted := non_churners(fit)),
        refit=min(fitted, non_churners(pl.lit(value=True))),
        people=min(1.0, params.most_later_rows / max(1, rows(calibrate), rows(test))),
        dates=dates,
        newest=counted["as_of"].max(),  # pyright: ignore[reportArgumentType]
        seed=params.booster.seed,
        left_out=everything.left_out,
    )
    return everything if sampling.everything else sampling


def chosen(labelled: pl.DataFrame, sampling: Sampling, params: TrainingParams) -> pl.DataFrame:
    """The labelled rows that are taken, in their order: for the evidence or for the refit.

    Where not every row is taken, rows with unknown outcomes are left out as well.
    """
    if sampling.everything:
        return labelled
    draws = _draws(labelled, sampling)
    return labelled.filter(
        _for_evidence(labelled, draws, sampling, params) | _for_refit(draws, sampling)
    )


def evidence_rows(rows: pl.DataFrame, sampling: Sampling, params: TrainingParams) -> pl.DataFrame:
    """The chosen rows to fit, calibrate and evaluate a model on, in their order."""
    if sampling.everything:
        return rows
    return rows.filter(_for_evidence(rows, _draws(rows, sampling), sampling, params))


def refit_rows(rows: pl.DataFrame, sampling: Sampling) -> pl.DataFrame:
    """The chosen rows to fit a model on again after its evaluation, in their order."""
    if sampling.everything:
        return rows.filter(_KNOWN)
    return rows.filter(_for_refit(_draws(rows, sampling), sampling))


def evenly(rows: pl.DataFrame, sampling: Sampling) -> pl.Expr:
    """Whether each of the chosen rows would have been chosen with any outcome.

    Keeps the same share of churners as of non-churners, by the same draws, so that a model of
    another outcome is not biased by who left.

    Args:
        rows: Rows of a training set: ``as_of``, ``churned``, ``subscriber_id`` or ``owner``.
        sampling: The shares by which they were chosen.
    """
    if sampling.dates is None:
        return pl.lit(value=True)
    as_of, draws = pl.col("as_of"), _draws(rows, sampling)
    later = as_of.is_in([*sampling.dates.calibrate, *sampling.dates.test])
    return (
        pl.when(as_of.is_in(sampling.dates.fit))
        .then(pl.lit(draws.row < sampling.non_churners))
        .when(later)
        .then(pl.lit(draws.person < sampling.people))
        .otherwise(pl.lit(draws.row < sampling.refit))
    )


@dataclass(frozen=True, slots=True)
class _Draws:
    """A number in [0, 1) for each row, and one for its person, the same at every date."""

    row: pl.Series
    person: pl.Series
    numbers: np.ndarray


def _draws(rows: pl.DataFrame, sampling: Sampling) -> _Draws:
    numbers = person_numbers(rows[person_column(rows)])
    moments = rows["as_of"].dt.timestamp("us").to_numpy().astype(np.uint64)
    row, person = (_uniform(numbers, when, sampling.seed) for when in (moments, np.uint64(0)))
    return _Draws(pl.Series(row), pl.Series(person), numbers)


def _for_evidence(
    rows: pl.DataFrame, draws: _Draws, sampling: Sampling, params: TrainingParams
) -> pl.Series:
    """Whether each row is one to fit, calibrate or evaluate on."""
    if sampling.dates is None:
        return pl.repeat(value=True, n=rows.height, eager=True)
    fit, calibrate, test = _parts(sampling.dates)
    stayer, person = draws.row < sampling.non_churners, draws.person < sampling.people
    taken = (fit & (pl.col("churned") | stayer)) | ((calibrate | test) & person)
    return (
        rows.select(pl.col("as_of", "churned"), _sides(rows, params, draws.numbers))
        .select((_KNOWN & taken).fill_null(value=False))
        .to_series()
    )


def _for_refit(draws: _Draws, sampling: Sampling) -> pl.Expr:
    return (_KNOWN & (pl.col("churned") | (draws.row < sampling.refit))).fill_null(value=False)


def _dates(dates: list[datetime], params: TrainingParams) -> Dates:
    if params.split == "subscribers":
        return Dates(dates, dates, dates[-1:])
    return split_dates(
        dates,
        gap_days=params.gap_days,
        calibrate_dates=params.calibrate_dates,
        judge_dates=params.judge_dates,
    )


def _parts(dates: Dates) -> list[pl.Expr]:
    """Whether a row is in each part of the split: fit, calibrate and test, in this order."""
    return [
        pl.col("as_of").is_in(part) & (pl.col("side") == side).fill_null(value=True)
        for side, part in enumerate((dates.fit, dates.calibrate, dates.test))
    ]


def _sides(
    labelled: pl.DataFrame, params: TrainingParams, numbers: np.ndarray | None = None
) -> pl.Series:
    """Each row's side of a split by subscriber; null where the split is by time."""
    if params.split == "time":
        return pl.Series("side", [None], dtype=pl.Int8).new_from_index(0, labelled.height)
    if numbers is None:
        numbers = person_numbers(labelled[person_column(labelled)])
    return side_of(numbers)


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _uniform(numbers: np.ndarray, moments: np.ndarray | np.uint64, seed: int) -> np.ndarray:
    """An independent number in [0, 1) for each person and moment."""

    def mix(x: np.ndarray | np.uint64) -> np.ndarray:
        """SplitMix64 (Steele, Lea and Flood): every bit of the result depends on all 64."""
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))  # pyright: ignore[reportReturnType]

    with np.errstate(over="ignore"):
        mixed = mix(numbers ^ mix(moments + mix(np.uint64(seed) + _GOLDEN)))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
