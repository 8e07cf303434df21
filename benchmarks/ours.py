"""Perdura doing the work: the builder, and the plain builder that says what is right."""

from collections.abc import Callable

import polars as pl

from benchmarks.sixty import SIXTY
from benchmarks.work import Inputs
from perdura.features.build import build_features
from perdura.features.engine import reference
from perdura.features.ready import compile_loops
from perdura.sources.events import EVENT_TABLES
from perdura.sources.merges import Events

#: Compiled loops are loaded late, as flows do beside their first step; others' are by importing.
prepare = compile_loops


def features(inputs: Inputs) -> pl.DataFrame:
    """The builder that trainings and nights use."""
    return _built(inputs, build_features)


def features_plainly(inputs: Inputs) -> pl.DataFrame:
    """The plain builder in Polars, which the tests hold the other against."""
    return _built(inputs, reference.build_features)


def events_of(inputs: Inputs) -> Events:
    """The event tables by name; those that the benchmark has no events of are empty."""
    return {
        table.name: pl.scan_parquet(path)
        if (path := inputs.table(table.name)).exists()
        else pl.LazyFrame(schema=table.schema)
        for table in EVENT_TABLES
    }


def _built(inputs: Inputs, build: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    dates = pl.Series(inputs.moments).dt.replace_time_zone("UTC").dt.cast_time_unit("us")
    spine = pl.read_parquet(inputs.spine).filter(pl.col("as_of").is_in(dates.implode()))
    return build(events_of(inputs), SIXTY, spine)
