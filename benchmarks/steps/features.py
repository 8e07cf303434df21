"""Perdura's own ways: the compiled builder, and the plain builder that is the reference."""

from collections.abc import Callable

import polars as pl

from benchmarks.workload.features import SIXTY
from benchmarks.workload.task import Inputs
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
    """The plain builder in Polars, the reference of the tests."""
    return _built(inputs, reference.build_features)


def events_of(inputs: Inputs) -> Events:
    """The event tables by name, empty where the benchmark has no events."""
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
