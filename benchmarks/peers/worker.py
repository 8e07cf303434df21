"""Run one way of building the training features in a process of its own: time and sums.

``python -m benchmarks.peers.worker MODULE:FUNCTION FOLDER ORDER DATES [FILE]`` prints the result
as JSON on its last line. ``FILE`` receives the rows as Parquet. Writing it, imports and the
module's ``prepare`` are outside the seconds.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from benchmarks.memory import peak_bytes, ready
from benchmarks.workload.task import COLUMNS, Inputs

_TIMES_INPUT = 6  # memory that is made ready, by the size of the files: about what ways hold


def main(way: str, folder: str, order: str, dates: str, file: str = "") -> None:
    """Build the features; print seconds, peak memory, rows and sums."""
    name, function = way.split(":")
    module = import_module(name)
    features, prepare = getattr(module, function), getattr(module, "prepare", None)
    if prepare:
        prepare()
    inputs = Inputs(Path(folder), order, int(dates))  # pyright: ignore[reportArgumentType]
    with ready(_TIMES_INPUT * sum(file.stat().st_size for file in inputs.files)):
        start = perf_counter()
        found = features(inputs)
        seconds = perf_counter() - start
    result: dict[str, Any] = {"seconds": seconds, "peak": peak_bytes()}
    rows = _as_polars(found)
    if file:
        rows.write_parquet(file)
    print(json.dumps(result | {"rows": rows.height, "sums": _sums(rows)}))


def _as_polars(found: Any) -> pl.DataFrame:
    if hasattr(found, "pl"):
        found = found.pl()
    rows = found if isinstance(found, pl.DataFrame) else pl.from_pandas(found)
    return rows.with_columns(pl.col("as_of").cast(pl.Datetime("us")))


def _sums(rows: pl.DataFrame) -> dict[str, list[float]]:
    """Per column and date: how many values are known, and their sum."""
    columns = [name for name in COLUMNS if name in rows.columns]
    by_date = rows.group_by("as_of").agg(
        *(pl.col(name).count().alias(f"{name}: known") for name in columns),
        *(pl.col(name).cast(pl.Float64).sum().alias(f"{name}: sum") for name in columns),
    )
    return by_date.sort("as_of").drop("as_of").to_dict(as_series=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
