"""Values of rows beside the typical ones of comparable subscribers: which are a sign of leaving."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perdura.features.definition import Column, Feature, Since
from perdura.features.topics.phrases import as_said
from perdura.models.predictor.typical_values import EncodedTypical


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows beside what is typical of comparable subscribers.

    Attributes:
        columns: Definitions of the columns, in the order of the model's contract.
        matrix: The rows, encoded.
        typical: Typical values; ``None`` where the model has none.
        group: The index of the group of each row.
    """

    columns: Sequence[Column]
    matrix: np.ndarray
    typical: EncodedTypical | None
    group: np.ndarray

    def usual(self, index: int) -> np.ndarray:
        """The typical value of a column beside each row, as precisely as it is said.

        NaN where unknown, infinity for never.
        """
        column = self.columns[index]
        if self.typical is None:
            return np.full(len(self.matrix), np.nan)
        if is_since(column):
            days = never_if_unknown(self.typical.values[:, index])
            return as_said(column, days)[self.group]
        found = as_said(column, self.typical.known[:, index])[self.group]
        currency = self._currency_of(column)
        if currency is not None:
            alike = self.matrix[:, currency], self.typical.values[self.group, currency]
            found = np.where(np.equal(*alike) | np.isnan(alike).all(axis=0), found, np.nan)
        return found

    def said(self, column: np.ndarray) -> np.ndarray:
        """The typical values that reasons say, NaN where they say none.

        Args:
            column: The index of the column of each reason: one row per row, one column per reason.
        """
        found = np.full(column.shape, np.nan)
        for index in map(int, np.unique(column)):
            if self.columns[index].feature.says_typical:
                row, place = np.nonzero(column == index)
                found[row, place] = self.usual(index)[row]
        return found

    def _currency_of(self, column: Column) -> int | None:
        """The index of the column that holds the currency of a column's amounts."""
        feature = column.feature
        name = feature.currency if isinstance(feature, Feature) else None
        return next((k for k, other in enumerate(self.columns) if other.name == name), None)


def is_harmless(column: Column, value: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Where a value is no sign of leaving beside the typical one.

    Values are compared as precisely as they are said.

    Args:
        column: Of which the values are.
        value: float64; unknown is NaN.
        usual: The typical values, as of ``Comparison.usual``.
    """
    feature = column.feature
    own = as_said(column, never_if_unknown(value) if is_since(column) else value)
    match feature.worse:
        case "more":
            harmless = own <= usual
        case "less":
            harmless = own >= usual
        case "other":
            harmless = own == usual
        case None:
            harmless = np.zeros(len(own), bool)
    return np.where(np.isnan(own) | np.isnan(usual), feature.says_typical, harmless)


def is_since(column: Column) -> bool:
    """Whether it counts days since an event, so that unknown means never."""
    return isinstance(column.feature, Feature) and isinstance(column.feature.measure, Since)


def never_if_unknown(days: np.ndarray) -> np.ndarray:
    """Days since an event, infinity where there was none."""
    return np.where(np.isnan(days), np.inf, days)
