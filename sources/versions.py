"""Events that a source told again otherwise: of two versions the one known last counts.

Versions are rows of one subscriber, thing (``EventTable.thing``), moment and kind that became known
at different times. Rows known at the same time are no versions: nothing says which is newer.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from perdura.sources.events import EventTable


class Landed(dict[str, pl.LazyFrame]):
    """Event tables by name; of those in ``once`` every event is known to lie there once."""

    def __init__(self, tables: Mapping[str, pl.LazyFrame], once: Iterable[str] = ()) -> None:
        super().__init__(tables)
        self.once = frozenset(once)


def key(table: EventTable) -> list[str]:
    """The columns that versions of one event share; none where a table's events are of no thing."""
    return ["subscriber_id", "happened_at", "kind", table.thing] if table.thing else []


def may_have_versions(events: Mapping[str, pl.LazyFrame], table: EventTable) -> bool:
    """Whether versions have to be looked for: they are not known to be absent."""
    once = events.once if isinstance(events, Landed) else frozenset[str]()
    return table.thing is not None and table.name not in once


def newest(rows: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """The rows without those of which a version is there that became known later."""
    columns = key(table)
    if not columns or rows.is_empty():
        return rows
    # Numbers alone first: mostly they say it all, and texts cost more.
    number = pl.sum_horizontal(pl.col(name).hash(seed) for seed, name in enumerate(columns))
    alike = rows.select(number.alias("number"))["number"].is_duplicated()
    alike = alike & rows[columns[-1]].is_not_null()
    if alike.any():
        suspects = rows.filter(alike).select(columns)
        alike = alike.scatter(alike.arg_true(), suspects.is_duplicated())
    if not alike.any():
        return rows
    some = rows.filter(alike)
    last = some.select(pl.col("known_at") == pl.col("known_at").max().over(columns))
    return rows.filter(~alike.scatter(alike.arg_true(), ~last.to_series()))


def with_versions(rows: pl.LazyFrame, table: EventTable) -> pl.Series:
    """Subscribers with an event in versions: ``subscriber_id``, each once."""
    known = pl.col("known_at")
    return (
        rows.filter(pl.col(table.thing or "kind").is_not_null())
        .group_by(key(table))
        .agg(versions=known.min() < known.max())
        .filter("versions")
        .select(pl.col("subscriber_id").unique())
        .collect(engine="streaming")
        .to_series()
    )


def has_versions(table: EventTable, events: pl.DataFrame, others: pl.LazyFrame | None) -> bool:
    """Whether any of the events, in the order that they are stored in, has a version.

    Args:
        table: Their table.
        events: What one day holds of some subscribers.
        others: What other days hold of them.
    """
    if not table.thing or events.is_empty():
        return False
    named = events.filter(pl.col(table.thing).is_not_null())
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in key(table))
    later = pl.col("known_at") != pl.col("known_at").shift(1)
    if named.select((same & later).any()).item():
        return True
    if others is None:
        return False
    found = others.join(named.lazy().select(key(table)), on=key(table), how="semi")
    return not found.head(1).collect().is_empty()
