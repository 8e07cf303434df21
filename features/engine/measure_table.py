"""Measure features table by table, on all cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]

from perdura.features.definition import Feature
from perdura.features.engine import reference
from perdura.features.engine.balance import balance
from perdura.features.engine.column_plan import ColumnPlan, ColumnSpec, Op, plans
from perdura.features.engine.kernel import known, measure
from perdura.features.engine.kernel_spec import KernelSpec, WindowEdges, empty
from perdura.features.engine.previous import befores, in_order, with_late_events
from perdura.features.engine.records import Records, gathered
from perdura.features.engine.spine import Hashed, Spine, blocks, numbered
from perdura.sources.events import MERGES, SUBSCRIPTIONS, EventTable
from perdura.sources.merges import Events
from perdura.sources.versions import key, may_have_versions, with_versions

#: Texts of a table's columns, in order: a category is measured as its place among them.
Texts = dict[str, pl.Series]


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
    texts = _texts(events[plan.table.name], plan.texts)
    out = np.empty((len(plan.columns), pairs.height))
    for spine, places in spines:
        rows = events[plan.table.name].filter(pl.col("known_at") < spine.moments[-1])
        late = _corrected(events, rows, plan.table, spine)
        if plan.reads_order:
            ordered = in_order(rows, plan.table)
            late = np.union1d(late, _numbers(with_late_events(ordered, spine.moments), spine))
            rows = befores(ordered, plan.table).lazy()
        else:
            rows = rows.with_columns(tie=pl.lit(0))
        whole = len(spines) == 1
        block = out if whole else np.empty((len(plan.columns), len(places)))
        cuts = WindowEdges.from_dates(spine.dates, plan.windows)
        _measure(gathered(rows, plan, spine, cuts, texts), plan, spine, cuts, block)
        if len(late):
            block_pairs = pairs if whole else pairs[places]
            _mend(events, plan, block_pairs, spine, people=late, texts=texts, out=block)
        if not whole:
            out[:, places] = block

    def column(spec: ColumnSpec, values: np.ndarray) -> pl.Series:
        return _series(spec, values, texts.get(plan.as_text(spec) or ""))

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return {series.name: series for series in pool.map(column, plan.columns, out)}


def _corrected(events: Events, rows: pl.LazyFrame, table: EventTable, spine: Spine) -> np.ndarray:
    """Subscribers with rows that may not count, as a newer version of the event is known."""
    none = np.empty(0, np.int64)
    if not table.thing:
        return none
    found = with_versions(rows, table) if may_have_versions(events, table) else None
    versions = none if found is None else _numbers(found, spine)
    if not len(spine.merged):
        return versions
    # Rows of two accounts may be versions once these are one, and of subscriptions those that went
    # from one to the other are left out.
    concerned = table == SUBSCRIPTIONS or _alike(events, rows, table)
    return np.union1d(versions, spine.merged) if concerned else versions


def _alike(events: Events, rows: pl.LazyFrame, table: EventTable) -> bool:
    """Whether rows of merged accounts tell the same event at different times."""
    links = events[MERGES.name].select("subscriber_id", "merged_into").collect()
    accounts = pl.concat([links["subscriber_id"], links["merged_into"]]).unique().implode()
    own = [name for name in key(table) if name != "subscriber_id"]
    own_rows = rows.filter(pl.col("subscriber_id").is_in(accounts), pl.col(own[-1]).is_not_null())
    known = pl.col("known_at")
    versions = own_rows.group_by(own).agg(several=known.min() < known.max()).filter("several")
    return not versions.head(1).collect(engine="streaming").is_empty()


def _numbers(ids: pl.Series, spine: Spine) -> np.ndarray:
    """The numbers of those of the ids that the spine asks about."""
    numbers = spine.register.numbers(Hashed.from_ids(ids))
    return numbers[numbers >= 0]


def _texts(rows: pl.LazyFrame, columns: list[str]) -> Texts:
    if not columns:
        return {}
    unique = (pl.col(column).drop_nulls().unique().sort().implode() for column in columns)
    found = rows.select(unique).collect(engine="streaming")
    return {column: found[column].explode().drop_nulls() for column in columns}


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


def _mend(
    events: Events,
    plan: ColumnPlan,
    pairs: pl.DataFrame,
    spine: Spine,
    *,
    people: np.ndarray,
    texts: Texts,
    out: np.ndarray,
) -> None:
    """Measure again, plainly, the few subscribers with events known late or in versions."""
    places = np.concatenate(
        [spine.rows[spine.starts[person] : spine.starts[person + 1]] for person in people]
    )
    mended_pairs = pairs[places]
    merged = events[MERGES.name].select("subscriber_id").collect()["subscriber_id"]
    ids = pl.concat([mended_pairs["subscriber_id"], merged]).unique().implode()
    known_of_them = events[plan.table.name].filter(pl.col("subscriber_id").is_in(ids))
    features = tuple(dict.fromkeys(spec.column.feature for spec in plan.columns))
    own_events = {**events, plan.table.name: known_of_them}
    plain = reference.build_features(own_events, features, mended_pairs)
    for index, spec in enumerate(plan.columns):
        found = plain[spec.column.name]
        if column := plan.as_text(spec):
            found = found.cast(pl.Enum(texts[column])).to_physical()
        out[index, places] = found.cast(pl.Float64).fill_null(np.nan).to_numpy()


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
