"""An account of Stripe as JSON lines, to landed events or read by Polars alone, a process each.

``python -m benchmarks.steps.stripe STEP HOME`` prints its result as JSON; the files lie in
``HOME/stripe`` (``benchmarks.workload.stripe``). Imports are outside the seconds.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.memory import peak_bytes
from benchmarks.workload.stripe import UNTIL


def perdura(home: Path) -> dict[str, Any]:
    """Events landed, with all that an extract checks, counts and compares."""
    from perdura.sources.connectors.known import mapping_of
    from perdura.sources.extract import extract

    mapping, landing = home / "mapping.toml", home / "landing"
    mapping.write_text('[connect.stripe]\nfolder = "stripe"\n\n' + mapping_of("stripe"), "utf-8")
    shutil.rmtree(landing, ignore_errors=True)
    began, worked = perf_counter(), process_time()
    report = extract(mapping, until=UNTIL, landing=landing)
    taken = {"seconds": perf_counter() - began, "processor": process_time() - worked}
    peak = peak_bytes()
    rejected = sum(sum(table.rejected.values()) for table in report.tables)
    shutil.rmtree(landing)
    landed = sum(table.landed for table in report.tables)
    return taken | {"peak": peak, "events": landed, "rejected": rejected}


def polars(home: Path, *, nested: bool) -> dict[str, Any]:
    """Objects read, of each the fields that events need, and nothing made of them.

    Args:
        home: The folder above the files.
        nested: Whether the lists that objects hold are a part of the schema, which takes Polars
            many times as long; else they are read as text and decoded, the quickest way found.
    """
    import polars as pl

    from perdura.sources.connectors.stripe.fields import FIELDS, ITEMS, LINES, texts

    inner = {
        "items": ITEMS,
        "lines": LINES,
        "address": pl.Struct(texts("country")),
        "outcome": pl.Struct(texts("reason")),
        "payment_method_details": pl.Struct(texts("type")),
    }
    began, worked, objects = perf_counter(), process_time(), 0
    for file in sorted((home / "stripe").iterdir()):
        fields: Mapping[str, pl.DataType] = FIELDS[file.stem]
        own = {name: inner[name] for name in fields if name in inner}
        rows = pl.scan_ndjson(file, schema={**fields, **own} if nested else fields)
        if not nested:
            rows = rows.with_columns(pl.col(n).str.json_decode(kind) for n, kind in own.items())
        counted = rows.select(pl.len().alias("rows"), pl.all().null_count())
        objects += counted.collect(engine="streaming")["rows"].item()
    taken = {"seconds": perf_counter() - began, "processor": process_time() - worked}
    return taken | {"peak": peak_bytes(), "objects": objects}


#: Polars twice: as quick as it can, and as its schema says it plainly.
OURS, READ, NESTED = "Perdura", "scan_ndjson, lists decoded after", "scan_ndjson, lists in schema"
STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    OURS: perdura,
    READ: partial(polars, nested=False),
    NESTED: partial(polars, nested=True),
}


if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](Path(sys.argv[2]))))
