"""Measure features table by table, on all cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]

from perdura.features.definition import Feature
from perdura.features.engine.balance import balance
from perdura.features.engine.column_plan import ColumnPlan, ColumnSpec, Op, plans
from perdura.features.engine.corrections import corrected, recompute
from perdura.features.engine.kernel import known, measure
from perdura.features.engine.kernel_spec import KernelSpec, WindowEdges, empty
from perdura.features.engine.previous import befores, in_order, with_late_events
from perdura.features.engine.records import Records, gathered
from perdura.features.engine.spine import Spine, blocks, numbered
from perdura.sources.merges import Events


def measured(
    events: Events,
    features: Sequence[Feature],
    pairs: pl.DataFrame,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[pl.Series]:
    """The columns of ``features`` for every pair (``subscriber_id``, ``as_of``), row by row."""
    spines = [(numbered(rows, events), places) for rows, places in blocks(pairs)]
    parts = plans(features)
    columns: dict[str, pl.Series] = {}
    for done, plan in enumerate(parts):
        if progress:
            progress(done, len(parts), plan.table.name)
        columns |= _of_table(events, plan, pairs, spines)
    return [columns[column.name] for feature in features for column in feature.columns]


def _of_table(
    events: Events, plan: ColumnPlan, pairs: pl.DataFrame, spines: list[tuple[Spine, np.ndarray]]
) -> dict[str, pl.Series]:
    """One plan's columns by name."""
    texts = plan.texts_in(events[plan.table.name])
    out = np.empty((len(plan.columns), pairs.height))
    for spine, places in spines:
        rows = events[plan.table.name].filter(pl.col("known_at") < spine.moments[-1])
        late = corrected(events, rows, plan.table, spine)
        if plan.reads_order:
            ordered = in_order(rows, plan.table)
            late = np.union1d(late, spine.numbers_of(with_late_events(ordered, spine.moments)))
            rows = befores(ordered, plan.table).lazy()
        else:
            rows = rows.with_columns(tie=pl.lit(0))
        whole = len(spines) == 1
        block = out if whole else np.empty((len(plan.columns), len(places)))
        cuts = WindowEdges.from_dates(spine.dates, plan.windows)
        _measure(gathered(rows, plan, spine, cuts, texts), plan, spine, cuts, block)
        if len(late):
            block_pairs = pairs if whole else pairs[places]
            recompute(events, plan, block_pairs, spine, people=late, texts=texts, out=block)
        if not whole:
            out[:, places] = block

    own_texts = [texts.get(plan.as_text(spec) or "") for spec in plan.columns]
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return {series.name: series for series in pool.map(_series, plan.columns, out, own_texts)}


def _measure(
    records: Records, plan: ColumnPlan, spine: Spine, cuts: WindowEdges, out: np.ndarray
) -> None:
    """Fill ``out``, one row per column of the plan; every range of people on its own."""
    spec = KernelSpec.from_plan(plan)
    balances = [(index, one) for index, one in enumerate(plan.columns) if one.op == Op.BALANCE]

    def fill(number: int) -> None:
        own, starts, low, high = records.of_range(number)
        range_args = (own, starts, low, high, spine.starts, spine.rows, spine.date)
        measure(*range_args, cuts, spec, out)
        for index, column in balances:
            opens, closes = 1 << column.channel, 1 << column.other
            balance(*range_args, opens, closes, 2 + column.word, spec.empty[index], out[index])

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        for _ in pool.map(fill, records):
            pass


def _series(spec: ColumnSpec, values: np.ndarray, texts: pl.Series | None) -> pl.Series:
    """The column: its memory is shared, what is NaN is null, places become texts."""
    arrow: Any = pa
    valid = None
    if texts is not None or np.isnan(empty(spec)):
        bits = np.zeros((len(values) + 7) // 8, np.uint8)
        if known(values, bits) < len(values):
            valid = arrow.py_buffer(bits)
    buffers = [valid, arrow.py_buffer(values)]
    array = arrow.Array.from_buffers(arrow.float64(), len(values), buffers)
    numbers = pl.Series(spec.column.name, array)
    if texts is None:
        return numbers
    return texts.gather(numbers.cast(pl.UInt32)).alias(spec.column.name)
