"""The signal of each column in each row, and which columns may represent it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import polars as pl

from perdura.features.definition import Column, Derived
from perdura.features.topics.paid_term import days_here, in_term, term_days, with_renewal
from perdura.models.scoring.comparison import Comparison, is_harmless


class UnknownName(ValueError):
    """A signal or column that should never be named does not exist."""


@dataclass(frozen=True)
class ReasonColumns:
    """The columns that a model reads, grouped into signals.

    Attributes:
        columns: Their definitions, in the order of the model's contract.
        muted: Signals and columns that are never named.
    """

    columns: Sequence[Column]
    muted: Collection[str]

    @cached_property
    def signals(self) -> list[str]:
        """The names of the signals, in alphabetical order."""
        return sorted({column.feature.signal for column in self.columns})

    @cached_property
    def own(self) -> np.ndarray:
        """The number of each column's own signal."""
        numbers = [self.signals.index(column.feature.signal) for column in self.columns]
        return np.array(numbers, np.uint16)

    @cached_property
    def silent(self) -> np.ndarray:
        """Whether each column is never named."""
        return np.array(
            [column.name in self.muted or not column.feature.named for column in self.columns]
        )

    @cached_property
    def silent_signals(self) -> np.ndarray:
        """Whether each signal is never named."""
        return np.array([signal in self.muted for signal in self.signals])

    def in_rows(self, frame: pl.DataFrame, comparison: Comparison | None = None) -> "ColumnSignals":
        """The signal of each column in each row of a frame, and which may represent it.

        Args:
            frame: The columns of the model's contract.
            comparison: The same rows beside what is typical; without it, nothing is known of that.
        """
        term, tenure = term_days(frame), days_here(frame)
        said = with_renewal(frame)
        signal = np.repeat(self.own[None], frame.height, axis=0)
        mute, harmless = np.zeros(signal.shape, bool), np.zeros(signal.shape, bool)
        for index, column in enumerate(self.columns):
            mute[:, index] = no_reason(column, frame)
            if column.feature.worse is not None:
                usual = np.full(frame.height, np.nan)
                usual = usual if comparison is None else comparison.usual(index)
                harmless[:, index] = is_harmless(column, _numbers(said, column.name), usual)
            if column.feature.billed:
                mute[:, index] |= term > 0
                for other, rows in in_term(column, term, tenure).items():
                    if other in self.signals:
                        signal[rows, index] = self.signals.index(other)
        harmless &= signal == self.own
        return ColumnSignals(signal, mute | harmless, harmless)


@dataclass(frozen=True, slots=True)
class ColumnSignals:
    """The signal of each column: one row per row, one column per column.

    Attributes:
        signal: The number of the signal.
        mute: Whether the column may not represent the signal.
        harmless: Whether its value is no sign of leaving beside the typical one: what it adds to
            the risk counts for no reason.
    """

    signal: np.ndarray
    mute: np.ndarray
    harmless: np.ndarray


def no_reason(column: Column, frame: pl.DataFrame) -> np.ndarray:
    """In which rows the value of a column is no plausible reason, for any model."""
    least, below = column.feature.reason_from, column.feature.reason_below
    found = np.zeros(frame.height, bool)
    if least is not None or below is not None:
        value = _numbers(frame, column.name)  # unknown is NaN, and no reason
        found = ~((value >= (least or 0)) & (value < (np.inf if below is None else below)))
    if isinstance(column.feature, Derived) and column.feature.rests_on:
        counted, fewest = column.feature.rests_on
        known = counted in frame.columns
        found |= ~(_numbers(frame, counted) >= fewest) if known else True
    return found


def _numbers(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].cast(pl.Float64).to_numpy()  # null becomes NaN


def reason_columns(
    columns: Sequence[Column], unnamed: Collection[str], unstable: Collection[str] = ()
) -> ReasonColumns:
    """The columns of a model, grouped into signals.

    Args:
        columns: Their definitions, in the order of the model's contract.
        unnamed: Signals and columns that are never named.
        unstable: The model's ``unstable`` signals.

    Raises:
        UnknownName: One of ``unnamed`` or ``unstable`` is neither a signal nor a column.
    """
    muted = {*unnamed, *unstable}
    names = [column.name for column in columns]
    signals = [column.feature.signal for column in columns]
    if unknown := sorted(muted - {*names, *signals}):
        near = get_close_matches(unknown[0], [*signals, *names], n=1)
        raise UnknownName(
            f"asked never to name {', '.join(map(repr, unknown))} as a reason; there is no signal "
            f"or column of that name{f', did you mean {near[0]!r}?' if near else ''}"
        )
    return ReasonColumns(columns, muted)
