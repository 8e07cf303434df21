"""The rows of an event table as records for the kernel, in order of the people they are of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.kernel import admit, deal, tally
from features.plan import Plan, Word
from features.spine import Hashed, Spine

_DAY = 86_400_000_000
_MILLION = 1_000_000

# Rows taken in at once: their records are written while the next are decoded.
_AT_ONCE = 500_000
# People of one range are 2 ** this: the records of so many stay in the cache while they are dealt.
_RANGE_BITS = 12


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where time is cut: ``[as_of - days, as_of)`` of every date and window, to the microsecond.

    Attributes:
        edges: Every edge of every window, in order.
        window_of: By date and interval between edges: the number of the shortest window of that
            date that holds the interval; the number of windows, if none does.
    """

    edges: np.ndarray
    window_of: np.ndarray

    @classmethod
    def of(cls, dates: np.ndarray, windows: list[int]) -> "Cuts":
        """The cuts of these dates and windows (days)."""
        lengths = np.array([0, *windows], np.int64) * _DAY
        edges = np.unique(dates[:, None] - lengths)
        begins = np.append(np.iinfo(np.int64).min, edges)
        window_of = np.full((len(dates), len(begins)), len(windows), np.uint8)
        for window in reversed(range(len(windows))):
            window_of[begins[None, :] >= (dates - lengths[window + 1])[:, None]] = window
        return cls(edges, window_of)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of some rows by range of people: those of a range end where ``ends`` says."""

    records: np.ndarray
    owners: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True, slots=True)
class Records:
    """All records of a table."""

    batches: list[Batch]
    people: int

    def __iter__(self) -> Iterator[int]:
        """The ranges of people."""
        return iter(range(_ranges(self.people)))

    def of_range(self, number: int) -> tuple[np.ndarray, np.ndarray, int, int]:
        """The records of a range, each person's together, where they begin, and who ``[low, high)``."""
        low = number << _RANGE_BITS
        high = min(low + (1 << _RANGE_BITS), self.people)
        parts = [
            (batch.records[a:b], batch.owners[a:b])
            for batch in self.batches
            if (a := batch.ends[number]) < (b := batch.ends[number + 1])
        ]
        starts = np.zeros(high - low + 1, np.int64)
        for _, owners in parts:
            tally(owners, low, starts)
        starts = np.cumsum(starts)
        width = parts[0][0].shape[1] if parts else 2
        dealt, next_at = np.empty((starts[-1], width), np.int64), starts[:-1].copy()
        for records, owners in parts:
            deal(records, owners, low, next_at, dealt)
        return dealt, starts, low, high


def gathered(
    rows: pl.LazyFrame, plan: Plan, spine: Spine, cuts: Cuts, texts: dict[str, pl.Series]
) -> Records:
    """The records of the rows of one table that any date of the spine sees.

    Args:
        rows: With the columns that the plan's features read, in any order.
        plan: What is asked of them.
        spine: Who and when.
        cuts: Where time is cut.
        texts: By column, all its texts in order.
    """
    by_day = _by_day(spine.dates), _by_day(cuts.edges)
    asked = rows.select(
        *Hashed.columns(),
        pl.col("happened_at").to_physical(),
        pl.col("known_at").to_physical(),
        _channels(plan).alias("channels"),
        *(_value(word, texts).alias(f"word {place}") for place, word in enumerate(plan.words)),
    )
    batches = []
    for frame in asked.collect_batches(chunk_size=_AT_ONCE, maintain_order=False):
        ids = Hashed.of(frame)
        times = frame["happened_at"].to_numpy(), frame["known_at"].to_numpy()
        admitted = admit(
            ids.first, ids.second, *times, frame["channels"].to_numpy(), _values(frame, plan.words),
            *spine.register.arrays, *spine.runs.arrays,
            spine.dates, by_day[0], cuts.edges, by_day[1], _RANGE_BITS, _ranges(spine.people),
        )  # fmt: skip
        batches.append(Batch(*admitted))
    return Records(batches, spine.people)


def _ranges(people: int) -> int:
    return (people >> _RANGE_BITS) + 1


def _by_day(edges: np.ndarray) -> np.ndarray:
    """How many edges are passed at the start of each day after the first edge."""
    days = np.arange((edges[-1] - edges[0]) // _DAY + 1, dtype=np.int64)
    return np.searchsorted(edges, edges[0] + days * _DAY, side="right").astype(np.int64)


def _channels(plan: Plan) -> pl.Expr:
    """By row, one bit for each channel that it counts in."""
    bits = pl.lit(0, pl.UInt32)
    for place, channel in enumerate(plan.channels):
        counts = pl.sql_expr(channel.where)
        if channel.word >= 0:
            counts = counts & pl.col(plan.words[channel.word].column).is_not_null()
        bits = bits | pl.when(counts).then(pl.lit(1 << place, pl.UInt32)).otherwise(0)
    return bits


def _value(word: Word, texts: dict[str, pl.Series]) -> pl.Expr:
    value = pl.col(word.column)
    match word.form:
        case "millionths":
            return (value * _MILLION).round().cast(pl.Int64).fill_null(0)
        case "order":
            return value.fill_null(0)
        case "text":
            place = value.cast(pl.Enum(texts[word.column])).to_physical().cast(pl.Int64)
            return place.fill_null(-1)
        case "thing":
            return value.hash().fill_null(0)
        case _:
            return value.cast(pl.Int64).fill_null(0)


def _values(frame: pl.DataFrame, words: list[Word]) -> np.ndarray:
    """One row per word, one column per row of the frame, as integers."""
    values = np.empty((len(words), frame.height), np.int64)
    for place, word in enumerate(words):
        found = frame[f"word {place}"].to_numpy().view(np.int64)
        values[place] = _ordered(found) if word.form == "order" else found
    return values


def _ordered(bits: np.ndarray) -> np.ndarray:
    """The bits of floats such that they compare as the floats do."""
    return bits ^ ((bits >> 63) & np.iinfo(np.int64).max)
