"""Turn definitions into columns: the same for training and for the night."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import polars as pl

from features.definition import Balance, Column, Derived, Feature
from features.measure import adds_money, aggregates, balanced, with_last_currency
from sources.events import EventTable
from sources.merges import Events, as_known

#: Told after each date: how many are done, of how many, and which.
Progress = Callable[[int, int, str], None]


def build_features(
    events: Events,
    features: Iterable[Feature | Derived],
    spine: pl.DataFrame,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Measure every feature for every row of the spine.

    Args:
        events: The event tables by name.
        features: What to measure. A derived one reads the others' columns.
        spine: Whom to ask about and when: ``subscriber_id``, ``as_of``, each pair once.
        progress: Told after each date.

    Returns:
        The spine, in its own order, with a column per feature and window: numbers are Float64,
        categories String, unknown is null. A row depends on nothing but rows with
        ``known_at < as_of``.

    Raises:
        ValueError: The spine names a pair twice.
    """
    features = tuple(features)
    pairs = spine.select("subscriber_id", "as_of")
    if twice := pairs.is_duplicated().sum():
        raise ValueError(
            f"the spine has {twice} rows that repeat a (subscriber_id, as_of), "
            f"e.g. {pairs.filter(pairs.is_duplicated()).row(0)}; give each pair once"
        )
    dates: list[datetime] = spine["as_of"].unique().sort().to_list()
    blocks = []
    for done, as_of in enumerate(dates, start=1):
        people = pairs.lazy().filter(pl.col("as_of") == as_of)
        blocks.append(_measure(events, features, people, as_of).collect(engine="streaming"))
        if progress:
            progress(done, len(dates), f"{as_of:%Y-%m-%d}")
    measured = pl.concat(blocks) if blocks else pairs.head(0)
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
    ).with_columns(_derived(feature) for feature in features if isinstance(feature, Derived))
    names = [column.name for feature in features for column in feature.columns]
    return rows.select("subscriber_id", "as_of", *names)


def _of_table(
    known: pl.LazyFrame, features: Sequence[Feature], as_of: datetime
) -> Iterator[pl.LazyFrame]:
    """The columns of one table's features, one row per subscriber: rows' first, then things'."""
    of_rows = [feature for feature in features if not isinstance(feature.measure, Balance)]
    rows = _with_previous(known, features[0].events)
    if any(adds_money(feature) for feature in of_rows):
        rows = with_last_currency(rows)
    exprs = [expr for feature in of_rows for expr in aggregates(feature, as_of)]
    yield rows.group_by("subscriber_id").agg(exprs)
    for feature in features:
        if isinstance(feature.measure, Balance):
            yield balanced(known, feature, feature.measure)


def _with_previous(rows: pl.LazyFrame, table: EventTable) -> pl.LazyFrame:
    """``rows`` with ``<column>_before``: what the same thing was before each event."""
    if not table.previous:
        return rows
    thing = ["subscriber_id", table.required[0]]
    places = {kind: place for place, kind in enumerate(table.kinds)}
    place = pl.col("kind").replace_strict(places, default=None, return_dtype=pl.Int64)
    # A total order: what happened at one moment must not be told by the order of files.
    ordered = rows.sort(*thing, "happened_at", place, "known_at", *table.columns)
    return ordered.with_columns(
        pl.col(column).forward_fill().shift(1).over(thing).alias(f"{column}_before")
        for column in table.previous
    )


def _typed(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.is_category:
        return value.cast(pl.String)
    empty = column.feature.when_empty if isinstance(column.feature, Feature) else None
    value = value.cast(pl.Float64)
    return value if empty is None else value.fill_null(empty)


def _derived(feature: Derived) -> pl.Expr:
    return pl.sql_expr(feature.sql).cast(pl.Float64).alias(feature.name)
