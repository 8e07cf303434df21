"""Typical values among comparable subscribers: those of the same plan and billing interval."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from perdura.features.topics.subscription import INTERVAL, PLAN
from perdura.models.predictor.column_contract import ColumnContract

TYPICAL_FILE = "typical.json"

#: Subscribers are compared within groups of equal values in these columns.
COMPARED_BY = (INTERVAL.name, PLAN.name)

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Comparable subscribers.

    Attributes:
        of: What they have in common, by column; empty: all subscribers. Saved under this name.
        values: Their typical values, by column: the median of a number, the most frequent text;
            ``None`` where most are null.
        known: The medians of the known numbers, by column, of amounts in the typical currency;
            columns of too few known numbers are left out.
    """

    of: Mapping[str, Value]
    values: Mapping[str, Value]
    known: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class TypicalValues:
    """Typical values of groups of subscribers: first of all, then of smaller and smaller groups."""

    groups: tuple[Group, ...]

    def encode(self, contract: ColumnContract) -> "EncodedTypical":
        """The values as ``contract`` encodes them."""

        def encoded(rows: Sequence[Mapping[str, Value]]) -> np.ndarray:
            columns = {
                column.name: pl.Series(
                    [row.get(column.name) for row in rows],
                    dtype=pl.Float64 if column.categories is None else pl.String,
                )
                for column in contract.columns
            }
            return contract.numbers(pl.DataFrame(columns))

        return EncodedTypical(
            values=encoded([group.values for group in self.groups]),
            common=encoded([group.of for group in self.groups]),
            compared=np.array([[name in g.of for name in contract.names] for g in self.groups]),
            known=encoded(_known(self.groups)),
        )

    def save(self, folder: Path) -> None:
        """Write it into ``folder`` as JSON."""
        text = json.dumps([asdict(group) for group in self.groups], indent=1, ensure_ascii=False)
        (folder / TYPICAL_FILE).write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> "TypicalValues | None":
        """What ``save`` wrote into ``folder``; ``None`` where a model has none."""
        file = folder / TYPICAL_FILE
        if not file.exists():
            return None
        stored = json.loads(file.read_text(encoding="utf-8"))
        return TypicalValues(tuple(Group(**group) for group in stored))


def _known(groups: Sequence[Group]) -> list[dict[str, Value]]:
    """The medians of known numbers of each group, else of the last larger group around it."""
    found: list[dict[str, Value]] = []
    for index, group in enumerate(groups):
        around = (
            found[before]
            for before in range(index - 1, -1, -1)
            if groups[before].of.items() <= group.of.items()
        )
        # Versions before these were learnt have the medians of all rows alone.
        own = {
            name: value
            for name, value in (group.known or group.values).items()
            if value is not None
        }
        found.append({**next(around, dict[str, Value]()), **own})
    return found


@dataclass(frozen=True, slots=True)
class EncodedTypical:
    """Typical values as numbers: one row per group, one column per column of a contract.

    Attributes:
        values: The typical values.
        common: What the group has in common.
        compared: Whether the group has the column in common.
        known: The medians of known numbers.
    """

    values: np.ndarray
    common: np.ndarray
    compared: np.ndarray
    known: np.ndarray

    def group_of(self, matrix: np.ndarray) -> np.ndarray:
        """The index of the smallest group that each encoded row belongs to."""
        result = np.zeros(len(matrix), np.int64)
        for index, (common, compared) in enumerate(zip(self.common, self.compared, strict=True)):
            inside = np.ones(len(matrix), bool)
            for column in np.flatnonzero(compared):
                own, key = matrix[:, column], common[column]
                inside &= np.isnan(own) if np.isnan(key) else own == key
            result[inside] = index
        return result
