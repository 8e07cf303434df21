"""Which rows are learnt from where there are more than are needed: all leavers, some stayers.

A model is fitted, calibrated and evaluated on some of them (the evidence), then fitted again on all
dates whose outcome is known (the refit), with a share of stayers of its own.

Rows are chosen before their features are built. Whether one is chosen hangs on who and when it is
about and on the seed alone, so the same rows are taken on every machine, in any order and parts.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Which share of the rows is there to learn from.

    Attributes:
        non_churners: Of those fitted who stayed. Their odds of leaving are too high by as much.
        refit: Of those who stayed, among all rows whose outcome is known; at most ``non_churners``.
        people: Of the people on whom is calibrated and judged, leavers and stayers alike.
        dates: Of each part of the split; none where every row is taken.
        newest: The last date that is asked about.
        seed: Decides who is chosen.
        left_out: So many rows whose outcome is known are not there, as support had contacted
            the person.
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
        """How many of the people judged on are called, where ``calls`` of all people are."""
        return max(1, round(calls * self.people))


def outcome_counts(labelled: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    """What ``sampling_of`` needs of labelled rows: a few lines, however many rows there are.

    Returns:
        One row per ``as_of``, ``side`` (of a split by subscriber) and ``churned``: ``rows``, and
        how many of them are ``left_out``.
    """
    counts = {"rows": pl.len(), "left_out": pl.col("left_out").sum()}
    told = labelled.with_columns(_sides(labelled, params))
    return told.group_by(_COUNTED).agg(**counts).sort(_COUNTED)


def sampling_of(counts: Iterable[pl.DataFrame], params: TrainingParams) -> Sampling:
    """The shares under which no part of the split has more rows than ``params`` allow.

    Args:
        counts: As ``outcome_counts`` gives them, for each part of the subscribers.
        params: How the rows are split, and how many may be taken.

    Raises:
        HistoryTooShort: There are more rows than may be taken, and too few dates for a split.
    """
    told = pl.concat(counts)
    everything = Sampling(left_out=int(told["left_out"].sum()))
    if told["rows"].sum() <= min(params.most_rows, params.most_later_rows):
        return everything
    known = told.filter(pl.col("churned").is_not_null())
    dates = _dates(known["as_of"].unique().sort().to_list(), params)

    def rows(part: pl.Expr) -> int:
        return int(known.filter(part)["rows"].sum())

    def non_churners(part: pl.Expr) -> float:
        """Of those who stayed, so many are taken for a fit: at least as many as left."""
        left, stayed = rows(part & pl.col("churned")), rows(part & ~pl.col("churned"))
        wanted = max(params.most_rows - left, min(left, stayed))
        return min(1.0, wanted / stayed) if stayed else 1.0

    fit, calibrate, test = (_in_part(place, dates) for place in range(3))
    sampling = Sampling(
        non_churners=(fitted := non_churners(fit)),
        refit=min(fitted, non_churners(pl.lit(value=True))),
        people=min(1.0, params.most_later_rows / max(1, rows(calibrate), rows(test))),
        dates=dates,
        newest=told["as_of"].max(),  # pyright: ignore[reportArgumentType]
        seed=params.booster.seed,
        left_out=everything.left_out,
    )
    return everything if sampling.everything else sampling


def chosen(labelled: pl.DataFrame, sampling: Sampling, params: TrainingParams) -> pl.DataFrame:
    """The labelled rows that are learnt from, in their order: for the evidence or for the refit.

    Where not every row is taken, rows whose outcome is not known are left out as well.
    """
    if sampling.everything:
        return labelled
    draws = _draws(labelled, sampling)
    return labelled.filter(
        _for_evidence(labelled, draws, sampling, params) | _for_refit(draws, sampling)
    )


def evidence_rows(rows: pl.DataFrame, sampling: Sampling, params: TrainingParams) -> pl.DataFrame:
    """The chosen rows that a model is fitted, calibrated and evaluated on, in their order."""
    if sampling.everything:
        return rows
    return rows.filter(_for_evidence(rows, _draws(rows, sampling), sampling, params))


def refit_rows(rows: pl.DataFrame, sampling: Sampling) -> pl.DataFrame:
    """The chosen rows that a model is fitted on once it has been evaluated, in their order."""
    if sampling.everything:
        return rows.filter(_KNOWN)
    return rows.filter(_for_refit(_draws(rows, sampling), sampling))


def evenly(rows: pl.DataFrame, sampling: Sampling) -> pl.Expr:
    """Whether each of the chosen rows would have been chosen whatever became of it.

    Where only a share of the stayers was taken, so is that share of the leavers, by the same
    draws: what is learnt of another outcome is not bent by who left.

    Args:
        rows: Of a training set: ``as_of``, ``churned`` and who.
        sampling: By which they were chosen.
    """
    if sampling.dates is None:
        return pl.lit(value=True)
    at, draws = pl.col("as_of"), _draws(rows, sampling)
    later = at.is_in([*sampling.dates.calibrate, *sampling.dates.test])
    return (
        pl.when(at.is_in(sampling.dates.fit))
        .then(pl.lit(draws.row < sampling.non_churners))
        .when(later)
        .then(pl.lit(draws.person < sampling.people))
        .otherwise(pl.lit(draws.row < sampling.refit))
    )


_KNOWN = pl.col("churned").is_not_null()


@dataclass(frozen=True, slots=True)
class _Draws:
    """A number in [0, 1) for each row, and one for its person, the same at every date."""

    row: pl.Series
    person: pl.Series
    numbers: np.ndarray


def _draws(rows: pl.DataFrame, sampling: Sampling) -> _Draws:
    numbers = person_numbers(rows[person_column(rows)])
    moments = rows["as_of"].dt.timestamp("us").to_numpy().astype(np.uint64)
    row, person = (_uniform(numbers, at, sampling.seed) for at in (moments, np.uint64(0)))
    return _Draws(pl.Series(row), pl.Series(person), numbers)


def _for_evidence(
    rows: pl.DataFrame, draws: _Draws, sampling: Sampling, params: TrainingParams
) -> pl.Series:
    """Whether each row is fitted, calibrated or evaluated on."""
    if sampling.dates is None:
        return pl.repeat(value=True, n=rows.height, eager=True)
    fit, calibrate, test = (_in_part(place, sampling.dates) for place in range(3))
    stayer, person = draws.row < sampling.non_churners, draws.person < sampling.people
    wanted = (fit & (pl.col("churned") | stayer)) | ((calibrate | test) & person)
    return (
        rows.select(pl.col("as_of", "churned"), _sides(rows, params, draws.numbers))
        .select((_KNOWN & wanted).fill_null(value=False))
        .to_series()
    )


def _for_refit(draws: _Draws, sampling: Sampling) -> pl.Expr:
    """Whether each row is fitted on once the model has been evaluated."""
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


def _in_part(place: int, dates: Dates) -> pl.Expr:
    """Whether a row is in a part of the split: 0 fits, 1 calibrates, 2 judges."""
    when = (dates.fit, dates.calibrate, dates.test)[place]
    return pl.col("as_of").is_in(when) & (pl.col("side") == place).fill_null(value=True)


def _sides(
    labelled: pl.DataFrame, params: TrainingParams, numbers: np.ndarray | None = None
) -> pl.Series:
    """Each row's side of a split by subscriber; null where the split is by time."""
    if params.split == "time":
        return pl.Series("side", [None], dtype=pl.Int8).new_from_index(0, labelled.height)
    if numbers is None:
        numbers = person_numbers(labelled[person_column(labelled)])
    return side_of(numbers)


def _uniform(numbers: np.ndarray, moments: np.ndarray | np.uint64, seed: int) -> np.ndarray:
    """A number in [0, 1) for each person and moment, which no other tells anything about."""
    with np.errstate(over="ignore"):
        mixed = _mix(numbers ^ _mix(moments + _mix(np.uint64(seed) + _GOLDEN)))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(x: np.ndarray | np.uint64) -> np.ndarray:
    """Steele, Lea and Flood's SplitMix64: every bit of 64 hangs on every other."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))  # pyright: ignore[reportReturnType]
