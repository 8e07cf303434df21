"""Measure features table by table, on all cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from features import reference
from features.balance import balance
from features.definition import Feature
from features.kernel import ENDS, MOMENTS, ONLY_ROWS, ROWS, TOTAL, WORD, known, measure
from features.plan import Op, Plan, Told, plans
from features.previous import befores, in_order, told_late
from features.records import Cuts, Records, gathered
from features.spine import Hashed, Spine, blocks, numbered
from sources.events import MERGES
from sources.merges import Events

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
    events: Events, plan: Plan, pairs: pl.DataFrame, spines: list[tuple[Spine, np.ndarray]]
) -> dict[str, pl.Series]:
    """One plan's columns by name."""
    texts = _texts(events[plan.table.name], plan.texts)
    out = np.empty((len(plan.told), pairs.height))
    for spine, places in spines:
        rows = events[plan.table.name].filter(pl.col("known_at") < spine.moments[-1])
        late = np.empty(0, np.int64)
        if plan.reads_previous:
            ordered = in_order(rows, plan.table)
            late = spine.register.numbers(Hashed.of_ids(told_late(ordered, spine.moments)))
            late = np.union1d(late[late >= 0], spine.merged)
            rows = befores(ordered, plan.table).lazy()
        whole = len(spines) == 1
        block = out if whole else np.empty((len(plan.told), len(places)))
        cuts = Cuts.of(spine.dates, plan.windows)
        _measure(gathered(rows, plan, spine, cuts, texts), plan, spine, cuts, block)
        if len(late):
            asked = pairs if whole else pairs[places]
            _mend(events, plan, asked, spine, people=late, texts=texts, out=block)
        if not whole:
            out[:, places] = block
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        columns = pool.map(
            lambda told, values: _series(told, values, texts.get(plan.as_text(told) or "")),
            plan.told,
            out,
        )
        return {column.name: column for column in columns}


def _texts(rows: pl.LazyFrame, columns: list[str]) -> Texts:
    if not columns:
        return {}
    unique = (pl.col(column).drop_nulls().unique().sort().implode() for column in columns)
    found = rows.select(unique).collect(engine="streaming")
    return {column: found[column].explode().drop_nulls() for column in columns}


@dataclass(frozen=True, slots=True)
class _Orders:
    """A plan as arrays, as the kernel takes them."""

    channels: np.ndarray
    sizes: np.ndarray
    money: int
    told: np.ndarray
    bounds: np.ndarray
    scale: np.ndarray
    empty: np.ndarray

    @classmethod
    def of(cls, plan: Plan) -> "_Orders":
        channels, sizes = _channels(plan)
        told = [[t.op, t.channel, t.other, t.window + 1, 2 + t.word] for t in plan.told]
        return cls(
            channels,
            sizes,
            sum(1 << place for place, each in enumerate(plan.channels) if each.is_money),
            np.array(told, np.int64),
            np.searchsorted([t.op for t in plan.told], list(Op)[:-1], side="right"),
            np.array([_scale(plan, told) for told in plan.told]),
            np.array([_empty(told) for told in plan.told]),
        )


_KEPT = {
    TOTAL: {Op.SUM, Op.MEAN},
    MOMENTS: {Op.FIRST, Op.LAST, Op.LATEST},
    ENDS: {Op.MAX, Op.MIN},
}


def _channels(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """By channel, what is kept of it where; and how many sums, moments and ends there are."""
    channels = np.full((len(plan.channels), 6), -1, np.int64)
    channels[:, ROWS] = np.arange(len(channels))
    channels[:, WORD] = [2 + each.word if each.word >= 0 else 0 for each in plan.channels]
    sizes = {TOTAL: len(channels), MOMENTS: 0, ENDS: 0}
    for kept, ops in _KEPT.items():
        for channel in sorted({told.channel for told in plan.told if told.op in ops}):
            channels[channel, kept] = sizes[kept]
            sizes[kept] += 1
    channels[:, ONLY_ROWS] = (channels[:, [TOTAL, MOMENTS, ENDS]] < 0).all(axis=1)
    return channels, np.array([*sizes.values()])


def _scale(plan: Plan, told: Told) -> float:
    """What a total is divided by; 0 where the value is a float, kept as its bits."""
    form = plan.words[told.word].form if told.word >= 0 else "number"
    return {"millionths": 1e6, "order": 0.0}.get(form, 1.0)


def _empty(told: Told) -> float:
    feature = told.column.feature
    empty = feature.when_empty if isinstance(feature, Feature) else None
    return np.nan if empty is None else empty


def _measure(records: Records, plan: Plan, spine: Spine, cuts: Cuts, out: np.ndarray) -> None:
    """Fill ``out``, one row per column of the plan; every range of people on its own."""
    orders = _Orders.of(plan)
    currency = 2 + plan.currency if orders.money else 0
    of_things = [(place, told) for place, told in enumerate(plan.told) if told.op == Op.BALANCE]

    def fill(number: int) -> None:
        own, starts, low, high = records.of_range(number)
        asked = (own, starts, low, high, spine.starts, spine.rows, spine.date)
        measure(
            *asked, spine.dates, cuts.first_date, cuts.until, cuts.before,
            orders.channels, orders.sizes, orders.money, currency,
            orders.told, orders.bounds, orders.scale, orders.empty, out,
        )  # fmt: skip
        for place, told in of_things:
            opens, closes = 1 << told.channel, 1 << told.other
            balance(*asked, opens, closes, 2 + told.word, orders.empty[place], out[place])

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        for _ in pool.map(fill, records):
            pass


def _mend(
    events: Events,
    plan: Plan,
    pairs: pl.DataFrame,
    spine: Spine,
    *,
    people: np.ndarray,
    texts: Texts,
    out: np.ndarray,
) -> None:
    """Measure again, plainly, the few of whom what was before an event was told otherwise then."""
    places = np.concatenate(
        [spine.rows[spine.starts[each] : spine.starts[each + 1]] for each in people]
    )
    asked = pairs[places]
    merged = events[MERGES.name].select("subscriber_id").collect()["subscriber_id"]
    ids = pl.concat([asked["subscriber_id"], merged]).unique().implode()
    known_of_them = events[plan.table.name].filter(pl.col("subscriber_id").is_in(ids))
    features = tuple(dict.fromkeys(told.column.feature for told in plan.told))
    plain = reference.build_features({**events, plan.table.name: known_of_them}, features, asked)
    for place, told in enumerate(plan.told):
        found = plain[told.column.name]
        if column := plan.as_text(told):
            found = found.cast(pl.Enum(texts[column])).to_physical()
        out[place, places] = found.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _series(told: Told, values: np.ndarray, texts: pl.Series | None) -> pl.Series:
    """The column: its memory is shared, what is NaN is null, places become texts."""
    valid = None
    if texts is not None or np.isnan(_empty(told)):
        bits = np.zeros((len(values) + 7) // 8, np.uint8)
        if known(values, bits) < len(values):
            valid = pa.py_buffer(bits)
    buffers = [valid, pa.py_buffer(values)]
    numbers = pl.Series(told.column.name, pa.Array.from_buffers(pa.float64(), len(values), buffers))
    if texts is None:
        return numbers
    return texts.gather(numbers.cast(pl.UInt32)).alias(told.column.name)
