"""The rows of an event table as records for the kernel, in order of the people they are of."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import polars as pl

from perdura.features.engine.assignment import count_rows, filter_known, record, scatter
from perdura.features.engine.column_plan import ColumnPlan
from perdura.features.engine.kernel_spec import WindowEdges
from perdura.features.engine.measures import moments
from perdura.features.engine.record_words import channel_bits, word_of_row, word_values
from perdura.features.engine.register import Hashed, fixed
from perdura.features.engine.spine import Spine

_DAY = 86_400_000_000

# Frames taken in at once, as Polars decodes them (some 100,000 rows each): fewer are more batches
# to gather from, more are memory that was never touched.
_AT_ONCE = 4
# People of one range are 2 ** this: their records stay in the cache while they are scattered.
_RANGE_BITS = 12


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
        return iter(range((self.people >> _RANGE_BITS) + 1))

    def of_range(self, number: int) -> tuple[np.ndarray, np.ndarray, int, int]:
        """Records of a range, each person's together; where those begin; who: ``[low, high)``."""
        low = number << _RANGE_BITS
        high = min(low + (1 << _RANGE_BITS), self.people)
        parts = [
            (batch.records[a:b], batch.owners[a:b])
            for batch in self.batches
            if (a := batch.ends[number]) < (b := batch.ends[number + 1])
        ]
        starts = np.zeros(high - low + 1, np.int64)
        for _, owners in parts:
            count_rows(owners, low, starts)
        starts = np.cumsum(starts)
        width = parts[0][0].shape[1] if parts else 2
        grouped, next_at = np.empty((starts[-1], width), np.int64), starts[:-1].copy()
        for records, owners in parts:
            scatter(records, owners, low, next_at, grouped)
        return grouped, starts, low, high


def gathered(
    rows: pl.LazyFrame,
    plan: ColumnPlan,
    spine: Spine,
    cuts: WindowEdges,
    texts: dict[str, pl.Series],
) -> Records:
    """The records of the rows of one table that any date of the spine sees.

    Args:
        rows: With the columns that the plan's features read, and ``tie``, in any order.
        plan: What is measured of them.
        spine: Subscribers and dates.
        cuts: Where time is cut.
        texts: By column, all its texts in order.
    """
    dates, edges = _by_day(spine.dates), _by_day(cuts.edges)
    prepared = rows.select(
        *Hashed.columns(),
        moments().alias("moment"),
        pl.col("known_at").to_physical(),
        channel_bits(plan).alias("channels"),
        *(word_of_row(word, texts).alias(f"word {index}") for index, word in enumerate(plan.words)),
    )

    def admitted(frames: list[pl.DataFrame]) -> Batch:
        counts = np.zeros((spine.people >> _RANGE_BITS) + 2, np.int64)
        seen = [_admitted(frame, spine, dates, counts) for frame in frames]
        ends = counts.cumsum()
        # Large arrays are NumPy's, which asks for large pages, and not the loops'.
        records = np.empty((ends[-1], 2 + len(plan.words)), np.int64)
        owners, next_at = np.empty(ends[-1], np.int32), ends[:-1].copy()
        for frame, (leads, sees) in zip(frames, seen, strict=True):
            record(
                fixed(frame["moment"]), fixed(frame["channels"]), word_values(frame, plan.words),
                leads, sees, spine.runs, len(spine.dates), *edges, _RANGE_BITS,
                next_at, records, owners,
            )  # fmt: skip
        return Batch(records, owners, ends)

    frames = prepared.collect_batches(maintain_order=False)
    return Records(
        list(_side_by_side(admitted, iter(lambda: list(islice(frames, _AT_ONCE)), []))),
        spine.people,
    )


def _admitted(
    frame: pl.DataFrame, spine: Spine, dates: tuple[np.ndarray, np.ndarray], counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each row leads to, and the first date that sees it; adds its records to ``counts``."""
    leads = spine.register.numbers(Hashed.from_columns(frame))
    sees = np.empty(frame.height, np.uint8)
    times = fixed(frame["moment"]), fixed(frame["known_at"])
    channels = fixed(frame["channels"])
    filter_known(*times, channels, leads, spine.runs, *dates, _RANGE_BITS, sees, counts)
    return leads, sees


def _side_by_side(
    work: Callable[[list[pl.DataFrame]], Batch], frames: Iterable[list[pl.DataFrame]]
) -> Iterator[Batch]:
    """What comes of some frames each, on all cores, with few of them waiting."""
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        waiting: deque[Future[Batch]] = deque()
        for some in frames:
            waiting.append(pool.submit(work, some))
            if len(waiting) > 2 * pl.thread_pool_size():
                yield waiting.popleft().result()
        yield from (batch.result() for batch in waiting)


def _by_day(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges, with one that never comes, and how many are passed at the start of each day.

    The first day begins a day before the first edge.
    """
    days = np.arange((edges[-1] - edges[0]) // _DAY + 2, dtype=np.int64) - 1
    starts: np.ndarray = edges[0] + days * _DAY
    passed = np.asarray(np.searchsorted(edges, starts, side="right"), np.int64)
    return np.append(edges, np.iinfo(np.int64).max), passed
