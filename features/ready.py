"""Have the loops compiled before they are needed: the first time on a machine takes seconds."""

from datetime import UTC, datetime

import polars as pl

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.sources.events import EVENT_TABLES, MERGES, MOMENT

_THEN, _NOW = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def compile_loops() -> None:
    """Measure a made-up person: every loop is compiled for it, or read as it was compiled."""
    events: dict[str, pl.LazyFrame] = {}
    for table in EVENT_TABLES:
        row = {"happened_at": _THEN, "known_at": _THEN, "kind": "paid"}
        row["subscriber_id"] = "b" if table is MERGES else "a"
        row |= dict.fromkeys(table.required, "a")
        events[table.name] = pl.LazyFrame([row], schema=table.schema)
    spine = {"subscriber_id": ["a"], "as_of": [_NOW]}
    schema = {"subscriber_id": pl.String, "as_of": MOMENT}
    build_features(events, FEATURES, pl.DataFrame(spine, schema))


if __name__ == "__main__":
    compile_loops()
