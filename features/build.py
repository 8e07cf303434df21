"""Turn definitions into columns: the same for training and for the night."""

from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from perdura.features.definition import Derived, Feature
from perdura.features.engine.spine_ids import as_spine, pairs_of, say_unknown
from perdura.sources.merges import Events

#: Told what is measured: how many tables are done, of how many, and which is next.
Progress = Callable[[int, int, str], None]


def build_features(
    events: Events,
    features: Iterable[Feature | Derived],
    spine: Any,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Measure every feature for every row of the spine.

    The first call on a machine compiles the loops, which takes some seconds and is said.

    Args:
        events: The event tables by name.
        features: What to measure. A derived one reads the others' columns.
        spine: Subscribers and dates: ``subscriber_id``, ``as_of``, each pair once; a Polars
            or pandas frame. A moment without a time zone is UTC.
        progress: Told of every table.

    Returns:
        The spine, in its own order, with a column per feature and window: numbers are Float64,
        categories String, unknown is null. A row depends on nothing but rows with
        ``known_at < as_of``.

    Raises:
        RepeatedPair: The spine names a pair twice.
        BadSpine: Its ids are no text, or a column is missing. Ids that no event is about are
            counted in a logged warning.
    """
    # Compiled loops: paid for by a build alone.
    from perdura.features.engine.measure_table import measured

    features, spine = tuple(features), as_spine(spine)
    plain = [feature for feature in features if isinstance(feature, Feature)]
    columns = measured(events, plain, pairs_of(spine), progress)
    say_unknown(events, spine, columns)
    names = [column.name for feature in features for column in feature.columns]
    derived = [
        pl.sql_expr(feature.sql).cast(pl.Float64).alias(feature.name)
        for feature in features
        if isinstance(feature, Derived)
    ]
    return (
        spine.lazy().with_columns(columns).with_columns(derived).select(*spine.columns, *names)
    ).collect()
