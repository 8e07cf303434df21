"""What the kernel computes for the features of one event table, as numbers.

A row becomes a record of 64-bit words: two of the engine's own, then one per ``Field``. A channel
is a row filter by its number: a record has one bit for each channel that it counts in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

import polars as pl

from perdura.features.definition import Balance, Column, Feature, Latest, Over, Since
from perdura.features.engine.measures import adds_money
from perdura.sources.events import EventTable

T = TypeVar("T")


class Op(IntEnum):
    """How a column is computed from the rows of its channel."""

    COUNT = 0
    SUM = 1
    MEAN = 2
    MAX = 3
    MIN = 4
    FIRST = 5
    LAST = 6
    LATEST = 7
    BALANCE = 8


_OPS = {"count": Op.COUNT, "sum": Op.SUM, "mean": Op.MEAN, "max": Op.MAX, "min": Op.MIN}
_SINCE = {"first": Op.FIRST, "last": Op.LAST}

#: A row says by one bit each which channels it counts in, beside two dates in one word.
MOST_CHANNELS = 31


@dataclass(frozen=True, slots=True)
class Field:
    """A value of each row, as an integer that is added and compared exactly: a word of its record.

    Attributes:
        column: Which column of the table.
        form: ``number`` as it is; ``millionths`` of a float, to be added in any order; ``order``:
            the bits of a float, arranged so that they compare as it does; ``text``: the index
            among all texts in order; ``thing``: a hash that separates the things of a subscriber.
    """

    column: str
    form: str

    @classmethod
    def from_column(cls, table: EventTable, column: str, form_of_float: str) -> "Field":
        """The field of a table's column: texts by their index, integers as they are."""
        kind = table.columns[column]
        if kind == pl.String:
            return cls(column, "text")
        return cls(column, form_of_float if kind == pl.Float64 else "number")


@dataclass(frozen=True, slots=True)
class RowFilter:
    """The rows of a channel, and the index of the word that is measured, if any (else -1)."""

    where: str
    word: int
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: its operation, its channel (of closings: ``other``), its window if it has one
    (else -1), its word if it has one (else -1).
    """

    column: Column
    op: Op
    channel: int
    other: int = 0
    window: int = -1
    word: int = -1


@dataclass(slots=True)
class ColumnPlan:
    """Channels, words and columns of some features of one table.

    Attributes:
        table: Which table.
        windows: All lengths in days, shortest first.
        words: The fields of a record; amounts of money have their currency beside them.
        channels: The row filters, by number.
        columns: One per column of the features, in order of their operations.
    """

    table: EventTable
    windows: list[int]
    words: list[Field] = field(default_factory=list)
    channels: list[RowFilter] = field(default_factory=list)
    columns: list[ColumnSpec] = field(default_factory=list)

    @property
    def currency(self) -> int:
        """Which word is the currency, where amounts are added; else -1."""
        return self.words.index(_CURRENCY) if _CURRENCY in self.words else -1

    def texts_in(self, rows: pl.LazyFrame) -> dict[str, pl.Series]:
        """By column that has texts as words, all of them in order: a word is the place of one."""
        columns = sorted({word.column for word in self.words if word.form == "text"})
        if not columns:
            return {}
        unique = (pl.col(column).drop_nulls().unique().sort().implode() for column in columns)
        found = rows.select(unique).collect(engine="streaming")
        return {column: found[column].explode().drop_nulls() for column in columns}

    @property
    def reads_previous(self) -> bool:
        """Whether any filter reads a column's previous value (``plan_before``)."""
        names = [f"{column}_before" for column in self.table.previous]
        return any(name in channel.where for name in names for channel in self.channels)

    @property
    def reads_order(self) -> bool:
        """Whether any column depends on which of a thing's rows comes first at one moment."""
        latest = any(column.op == Op.LATEST for column in self.columns) or self.currency >= 0
        return bool(self.table.previous) and (latest or self.reads_previous)

    def add(self, feature: Feature) -> None:
        """Add the columns of a feature, with the words and channels that they read."""
        match feature.measure:
            case Balance(up, down, thing):
                word = _index(self.words, Field(thing, "thing"))
                both = [RowFilter(f"({part}) AND ({feature.where})", word) for part in (up, down)]
                opens, closes = (_index(self.channels, one) for one in both)
                spec = ColumnSpec(feature.columns[0], Op.BALANCE, opens, closes, word=word)
                self.columns.append(spec)
            case Since(which):
                channel = _index(self.channels, RowFilter(feature.where, -1))
                self.columns.append(ColumnSpec(feature.columns[0], _SINCE[which], channel))
            case Latest(column):
                word = _index(self.words, Field.from_column(feature.events, column, "order"))
                channel = _index(self.channels, RowFilter(feature.where, word))
                self.columns.append(ColumnSpec(feature.columns[0], Op.LATEST, channel, word=word))
            case Over(how, column):
                word = -1
                if column is not None:
                    form = "order" if how in {"max", "min"} else "millionths"
                    word = _index(self.words, Field.from_column(feature.events, column, form))
                if adds_money(feature):
                    # Rows that name a currency count in no other channel, perhaps, and yet decide.
                    _index(self.channels, RowFilter("true", _index(self.words, _CURRENCY)))
                channel = _index(self.channels, RowFilter(feature.where, word, adds_money(feature)))
                for part in feature.columns:
                    window = self.windows.index(part.days or 0)
                    self.columns.append(
                        ColumnSpec(part, _OPS[how], channel, window=window, word=word)
                    )

    def as_text(self, column: ColumnSpec) -> str | None:
        """The column that a category takes its texts from."""
        word = self.words[column.word] if column.op == Op.LATEST else None
        return word.column if word and word.form == "text" else None


_CURRENCY = Field("currency", "text")


def plans(features: Iterable[Feature]) -> list[ColumnPlan]:
    """The plans of all columns, each of one table and at most ``MOST_CHANNELS`` channels."""
    done: list[ColumnPlan] = []
    open_by_table: dict[EventTable, ColumnPlan] = {}
    features = tuple(features)
    for feature in features:
        plan = open_by_table.get(feature.events)
        if plan is None or len(plan.channels) > MOST_CHANNELS - 2:
            own = (other for other in features if other.events is feature.events)
            windows = sorted({days for other in own for days in other.windows})
            plan = ColumnPlan(feature.events, windows)
            open_by_table[feature.events] = plan
            done.append(plan)
        plan.add(feature)
    for plan in done:
        plan.columns.sort(key=lambda spec: spec.op)
    return done


def _index(known: list[T], wanted: T) -> int:
    if wanted not in known:
        known.append(wanted)
    return known.index(wanted)
