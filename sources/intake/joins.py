"""Columns of other files, looked up row by row."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sources.intake.expressions import Scope
from sources.intake.mapping import BadMapping
from sources.intake.meaning import without_null_words
from sources.intake.reading import BadSource, missing, read_source
from sources.intake.sections import Join


def with_joins(
    frame: pl.LazyFrame, joins: Sequence[Join], mapping: Path, place: str
) -> pl.LazyFrame:
    """The rows with the columns that the joins take; null where the other file has no such key."""
    for join in joins:
        other = _lookup(join, mapping, place)
        scope = Scope(f"{place}, join {join.file}", frame.collect_schema().names())
        for ours in join.keys:
            scope.column("on", ours)
        for name in join.take:
            if name in scope.columns:
                raise BadMapping(f"{scope.place}: take: there is a column {name!r} already")
        frame = frame.join(
            other,
            left_on=list(join.keys),
            right_on=list(join.keys.values()),
            how="left",
            maintain_order="left",
        )
    return frame


def _lookup(join: Join, mapping: Path, place: str) -> pl.LazyFrame:
    """The keys and the taken columns of a joined file, each key once."""
    frames = [part.frame for part in read_source(join, mapping) if not part.is_empty]
    if not frames:
        raise BadSource(f"{place}: join: {missing(join, mapping)}")
    frame = without_null_words(pl.concat(frames), join.null_words)
    scope = Scope(f"{place}, join {join.file}", frame.collect_schema().names())
    keys = list(join.keys.values())
    for name in (*keys, *join.take.values()):
        scope.column("on or take", name)
    taken = frame.select(*keys, *(pl.col(theirs).alias(new) for new, theirs in join.take.items()))
    if not join.many:
        _refuse_twice(taken, keys, scope.place)
    return taken


def _refuse_twice(taken: pl.LazyFrame, keys: list[str], place: str) -> None:
    known = taken.select(keys).drop_nulls().collect()
    twice = known.filter(known.is_duplicated())
    if not twice.is_empty():
        raise BadSource(
            f"{place}: {twice.height} rows share their key {keys} with others; a joined file needs "
            "each key once, or many = true"
        )
