"""Columns of other files, looked up row by row."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from perdura.sources.mapping.expressions import Scope
from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.files.reading import missing, read_source
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.sections import Join
from perdura.sources.mapping.values.ids import as_id
from perdura.sources.mapping.values.meaning import without_null_words

_KEY = "key of a join: "


def with_joins(
    frame: pl.LazyFrame, joins: Sequence[Join], mapping: Path, location: str
) -> pl.LazyFrame:
    """The rows with the columns that the joins take; null where the other file has no such key."""
    for join in joins:
        scope = Scope(f"{location}, join {join.file}", frame.collect_schema().names())
        for name in join.take:
            if name in scope.columns:
                raise BadMapping(f"{scope.location}: take: there is a column {name!r} already")
        keys = [f"{_KEY}{number}" for number in range(len(join.keys))]
        other = _lookup(join, mapping, location, keys)
        frame = _with_keys(frame, scope, [*join.keys], keys)
        frame, other = _of_one_type(frame, other, keys)
        frame = frame.join(other, on=keys, how="left", maintain_order="left").drop(keys)
    return frame


def _with_keys(
    frame: pl.LazyFrame, scope: Scope, expressions: Sequence[str], keys: Sequence[str]
) -> pl.LazyFrame:
    """The rows with their keys: each a column, or an expression such as LOWER(TRIM(mail))."""
    values = (
        scope.column("on", sql) if sql.isidentifier() else scope.compile("on", sql)
        for sql in expressions
    )
    return frame.with_columns(value.alias(key) for value, key in zip(values, keys, strict=True))


def _of_one_type(
    frame: pl.LazyFrame, other: pl.LazyFrame, keys: Sequence[str]
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Keys as ids are read: 17850.0 of one file is 17850 of another, in whatever types."""
    ours, theirs = frame.collect_schema(), other.collect_schema()
    ids = [
        key
        for key in keys
        if ours[key] != theirs[key] or ours[key] == pl.String or ours[key].is_float()
    ]
    return (
        frame.with_columns(as_id(pl.col(key), ours[key]).alias(key) for key in ids),
        other.with_columns(as_id(pl.col(key), theirs[key]).alias(key) for key in ids),
    )


def _lookup(join: Join, mapping: Path, location: str, keys: list[str]) -> pl.LazyFrame:
    """The keys and the taken columns of a joined file, each key once."""
    frames = [part.frame for part in read_source(join, mapping) if not part.is_empty]
    if not frames:
        raise BadSource(f"{location}: join: {missing(join, mapping)}")
    frame = without_null_words(pl.concat(frames), join.null_words)
    scope = Scope(f"{location}, join {join.file}", frame.collect_schema().names())
    for name in join.take.values():
        scope.column("take", name)
    found = _with_keys(frame, scope, [*join.keys.values()], keys)
    taken = found.select(*keys, *(pl.col(theirs).alias(new) for new, theirs in join.take.items()))
    if join.many:
        return taken
    schema = taken.collect_schema()
    ids = [as_id(pl.col(key), schema[key]).alias(key) for key in keys]
    known = taken.select(ids).drop_nulls().collect()
    if twice := known.is_duplicated().sum():
        raise BadSource(
            f"{scope.location}: {twice} rows share their key {[*join.keys.values()]} with others; "
            "a joined file needs each key once, or many = true"
        )
    return taken
