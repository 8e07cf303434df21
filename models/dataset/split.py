"""Split rows into fit, calibration and test sets without leakage between them.

By time where the history allows it: every window that is fitted on has closed, grace included,
before the first date of the next part. By subscriber where the history is too short for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column, person_numbers
from perdura.models.dataset.single_class import why_too_few
from perdura.models.dataset.source_coverage import SourceFacts
from perdura.models.params import TrainingParams
from perdura.sources.counted import counted

#: Hundredths of the subscribers: fit below the first, calibrate below the second. Each person is
#: in the calibration set at every date, so a tenth is enough; trees rank better with more people.
_FIT_BELOW, _CALIBRATE_BELOW = 70, 80
_KNOWN = pl.col("churned").is_not_null()


class HistoryTooShort(ValueError):
    """There are not enough dates with known outcomes for a split by time."""


class NotEnoughChurn(ValueError):
    """A part of the split has no churners, or no non-churners."""


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of each part of a split by time, oldest first."""

    fit: list[datetime]
    calibrate: list[datetime]
    test: list[datetime]


@dataclass(frozen=True, slots=True)
class Split:
    """Three parts of the labelled rows; none shares a row with another."""

    fit: pl.DataFrame
    calibrate: pl.DataFrame
    test: pl.DataFrame

    @property
    def parts(self) -> dict[str, pl.DataFrame]:
        """The parts by name, in order of use."""
        return {"fit": self.fit, "calibrate": self.calibrate, "judge": self.test}

    @property
    def judged_from(self) -> datetime:
        """The first date of the test set."""
        return self.test["as_of"].min()  # pyright: ignore[reportReturnType]

    @property
    def sizes(self) -> dict[str, int]:
        """Rows of each part and how many of them left, by name."""
        rows = {f"{name}_rows": part.height for name, part in self.parts.items()}
        return rows | {
            f"{name}_churned": int(part["churned"].sum()) for name, part in self.parts.items()
        }


def split_rows(rows: pl.DataFrame, params: TrainingParams) -> Split:
    """The labelled rows in three parts, by time or by subscriber as ``params`` say.

    Raises:
        HistoryTooShort: No outcome is known yet, or as ``split_by_time``.
        NotEnoughChurn: A part has only churners, or only non-churners.
    """
    if not rows["churned"].count():
        raise HistoryTooShort(
            f"asked to learn from {counted(rows.height, 'row')}"
            f"{_span(rows['as_of'].unique().to_list())}; "
            f"no outcome is known yet, which takes {counted(params.gap_days, 'day')} "
            f"(churn.lead_days = {params.lead_days}, churn.horizon_days = {params.horizon_days}, "
            f"churn.grace_days = {params.gap_days - params.lead_days - params.horizon_days}). To "
            "try: extract until a later date, or set fewer of these days"
        )
    if params.split == "subscribers":
        split = split_by_subscribers(rows)
    else:
        split = split_by_time(
            rows,
            gap_days=params.gap_days,
            calibrate_dates=params.calibrate_dates,
            judge_dates=params.judge_dates,
        )
    for name, part in split.parts.items():
        if not 0 < (churned := int(part["churned"].sum())) < part.height:
            raise NotEnoughChurn(
                f"asked to {name} on {counted(part.height, 'row')}"
                f"{_span(part['as_of'].unique().sort().to_list())}; {churned:,} of them left, and "
                "it takes both, people who left and people who stayed: "
                f"{why_too_few(rows, params)}"
            )
    return split


def refuse_without_leavers(
    rows: pl.DataFrame, params: TrainingParams, facts: SourceFacts | None
) -> None:
    """Refuse where churn is by contract and the sources hold no event by which one ends.

    Raises:
        NotEnoughChurn: There is no such event.
    """
    if facts is None or facts.leavings or params.churn != "contract":
        return
    raise NotEnoughChurn(
        f"asked to learn who leaves, from {counted(rows.height, 'row')}"
        f"{_span(rows['as_of'].unique().to_list())}; no event `ended` or `cancel_scheduled` has "
        f"landed in {facts.telling}, so no one left. Likely cause: the mapping has none. To try: "
        "map the column that says when a subscription ended as an event `ended`, and extract "
        "again; where none says it and people just stop paying, churn.rule = 'silence' with a "
        "table of payments"
    )


def split_by_time(
    rows: pl.DataFrame, *, gap_days: int, calibrate_dates: int, judge_dates: int
) -> Split:
    """The last dates are the test set, earlier dates calibrate, those before are fitted.

    Args:
        rows: ``as_of``, ``churned``, one row per subscriber and date; rows with unknown outcomes
            are in no part.
        gap_days: Lead plus horizon plus grace: days from ``as_of`` until an outcome is known.
        calibrate_dates: Number of dates that calibrate.
        judge_dates: Number of dates of the test set.

    Returns:
        Parts such that ``as_of + gap`` of each row is at most the first ``as_of`` of the next
        part. Rows of the dates between are in none.

    Raises:
        HistoryTooShort: No dates are left to fit or to calibrate on.
    """
    as_of = pl.col("as_of")
    dates = split_dates(
        rows.select(as_of.filter(_KNOWN).unique().sort()).to_series().to_list(),
        gap_days=gap_days,
        calibrate_dates=calibrate_dates,
        judge_dates=judge_dates,
    )
    parts = (dates.fit, dates.calibrate, dates.test)
    return Split(*(rows.filter(_KNOWN & as_of.is_in(part)) for part in parts))


def split_dates(
    dates: list[datetime], *, gap_days: int, calibrate_dates: int, judge_dates: int
) -> Dates:
    """As ``split_by_time``, for dates only, given oldest first."""
    gap = timedelta(days=gap_days)

    def closed_before(later: list[datetime]) -> list[datetime]:
        return [date for date in dates if later and date < later[0] and date + gap <= later[0]]

    test = dates[-judge_dates:]
    calibrate = closed_before(test)[-calibrate_dates:]
    fit = closed_before(calibrate)
    if not fit:
        # Denser dates would do where the history itself is long enough.
        long_enough = dates and dates[-1] - dates[0] > 2 * gap
        denser = "; or closer dates, training.step_days = 7" if long_enough else ""
        raise HistoryTooShort(
            f"asked to fit, calibrate ({counted(calibrate_dates, 'date')}) and judge "
            f"({counted(judge_dates, 'date')}) with {counted(gap_days, 'day')} between them; found "
            f"{counted(len(dates), 'date')} with known outcomes{_span(dates)}. To try: "
            "training.split = 'subscribers', which fits and judges on the same "
            f"dates and other people{denser}; or a longer history"
        )
    return Dates(fit, calibrate, test)


def judged_from(dates: Sequence[datetime], params: TrainingParams) -> datetime:
    """The first date of the test set of a split by time.

    Args:
        dates: The dates with known outcomes, oldest first.
        params: How rows are split.

    Raises:
        HistoryTooShort: There are too few.
    """
    return split_dates(
        list(dates),
        gap_days=params.gap_days,
        calibrate_dates=params.calibrate_dates,
        judge_dates=params.judge_dates,
    ).test[0]


def split_by_subscribers(rows: pl.DataFrame) -> Split:
    """Each person in one part only: 70 % fit, 10 % calibrate, 20 % test (at the last date only).

    Merged accounts are one person. The part depends only on the id of the owner, so it stays the
    same when other subscribers join.
    """
    side, as_of = side_of(person_numbers(rows[person_column(rows)])), pl.col("as_of")
    fit, calibrate, test = (_KNOWN & pl.lit(side == number) for number in range(3))
    last = as_of == as_of.filter(_KNOWN).max()
    return Split(rows.filter(fit), rows.filter(calibrate), rows.filter(test & last))


def side_of(people: np.ndarray) -> pl.Series:
    """Each person's part in a split by subscriber: 0 fit, 1 calibrate, 2 test."""
    hundredth = people % np.uint64(100)
    sides = (hundredth >= _FIT_BELOW).astype(np.int8) + (hundredth >= _CALIBRATE_BELOW)
    return pl.Series("side", sides, dtype=pl.Int8)


def _span(dates: list[datetime]) -> str:
    return f", {min(dates):%Y-%m-%d} to {max(dates):%Y-%m-%d}" if dates else ""
