"""Subscribers that the compiled loops cannot measure: events known late, or in several versions."""

import numpy as np
import polars as pl

from perdura.features.engine import reference
from perdura.features.engine.column_plan import ColumnPlan
from perdura.features.engine.spine import Spine
from perdura.sources.events import MERGES, SUBSCRIPTIONS, EventTable
from perdura.sources.merges import Events
from perdura.sources.versions import key, may_have_versions, with_versions


def corrected(events: Events, rows: pl.LazyFrame, table: EventTable, spine: Spine) -> np.ndarray:
    """Subscribers with rows that may not count, as a newer version of the event is known.

    Returns:
        Their numbers in the spine.
    """
    found = np.empty(0, np.int64)
    if table.thing and may_have_versions(events, table):
        found = spine.numbers_of(with_versions(rows, table))
    if not table.thing or not len(spine.merged):
        return found
    if table != SUBSCRIPTIONS:  # of these, what went from one account to the other is left out
        # Rows of two accounts may be versions once these are one.
        links = events[MERGES.name].select("subscriber_id", "merged_into").collect()
        accounts = pl.concat([links["subscriber_id"], links["merged_into"]]).unique().implode()
        own = [name for name in key(table) if name != "subscriber_id"]
        merged = rows.filter(pl.col("subscriber_id").is_in(accounts), pl.col(own[-1]).is_not_null())
        known = pl.col("known_at")
        versions = merged.group_by(own).agg(several=known.min() < known.max()).filter("several")
        if versions.head(1).collect(engine="streaming").is_empty():
            return found
    return np.union1d(found, spine.merged)


def recompute(
    events: Events,
    plan: ColumnPlan,
    pairs: pl.DataFrame,
    spine: Spine,
    *,
    people: np.ndarray,
    texts: dict[str, pl.Series],
    out: np.ndarray,
) -> None:
    """Measure again, plainly, the few subscribers with events known late or in versions.

    Args:
        events: The event tables.
        plan: What is measured, of one table.
        pairs: The rows of the spine.
        spine: The same as numbers.
        people: Numbers of the subscribers to measure again.
        texts: By column, all its texts in order.
        out: One row per column of the plan, one column per pair: theirs are written.
    """
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
