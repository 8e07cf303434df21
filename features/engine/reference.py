"""Turn definitions into columns, plainly: date by date, as the definitions say.

Slow and obvious. ``features.build`` gives the same faster, and is judged by this.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

import polars as pl

from perdura.features.definition import Balance, Column, Derived, Feature, Since
from perdura.features.engine.measures import (
    adds_money,
    aggregates,
    balanced,
    in_days,
    with_last_currency,
)
from perdura.features.engine.previous import with_previous
from perdura.sources.merges import Events, as_known
from perdura.sources.versions import newest

# Before every event: it gives the columns where the spine is empty.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def build_features(
    events: Events,
    features: Iterable[Feature | Derived],
    spine: pl.DataFrame,
) -> pl.DataFrame:
    """What ``features.build.build_features`` gives, for a spine that repeats no pair."""
    features = tuple(features)
    pairs = spine.select("subscriber_id", "as_of")
    dates = pairs["as_of"].unique().to_list() or [_NEVER]
    blocks = [
        _measure(events, features, pairs.lazy().filter(pl.col("as_of") == as_of), as_of).collect()
        for as_of in dates
    ]
    measured = pl.concat(blocks)
    return spine.join(measured, on=["subscriber_id", "as_of"], how="left", maintain_order="left")


def _measure(
    events: Events, features: Sequence[Feature | Derived], people: pl.LazyFrame, as_of: datetime
) -> pl.LazyFrame:
    """The people of one date, with every feature's columns."""
    measured = [feature for feature in features if isinstance(feature, Feature)]
    by_table = attrgetter("events.name")
    rows = people
    for table, grouped in groupby(sorted(measured, key=by_table), key=by_table):
        known = as_known(events, table, as_of)
        for found in _of_table(known, list(grouped), as_of):
            rows = rows.join(found, on="subscriber_id", how="left")
    rows = rows.with_columns(
        _typed(column) for feature in measured for column in feature.columns
    ).with_columns(
        pl.sql_expr(feature.sql).cast(pl.Float64).alias(feature.name)
        for feature in features
        if isinstance(feature, Derived)
    )
    names = [column.name for feature in features for column in feature.columns]
    return rows.select("subscriber_id", "as_of", *names)


def _of_table(
    known: pl.LazyFrame, features: Sequence[Feature], as_of: datetime
) -> Iterator[pl.LazyFrame]:
    """The columns of one table's features, one row per subscriber: rows' first, then things'."""
    of_rows = [feature for feature in features if not isinstance(feature.measure, Balance)]
    table = features[0].events
    ordered = rows = with_previous(newest(known.collect(), table).lazy(), table)
    if any(adds_money(feature) for feature in of_rows):
        rows = with_last_currency(rows)
    exprs = [expr for feature in of_rows for expr in aggregates(feature, as_of)]
    yield rows.group_by("subscriber_id").agg(exprs)
    for feature in features:
        if isinstance(feature.measure, Balance):
            yield balanced(ordered, feature, feature.measure)


def _typed(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.is_category:
        return value.cast(pl.String)
    empty = column.feature.when_empty if isinstance(column.feature, Feature) else None
    if isinstance(column.feature, Feature) and isinstance(column.feature.measure, Since):
        value = value.map_batches(in_days, return_dtype=pl.Float64, is_elementwise=True)
    value = value.cast(pl.Float64)
    return value if empty is None else value.fill_null(empty)
