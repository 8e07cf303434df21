"""Have the loops compiled before they are needed: the first time on a machine takes seconds."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import polars as pl
from numba.core import event

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.sources.events import EVENT_TABLES, MERGES, MOMENT

_THEN, _NOW = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


class _Compilations(event.Listener):
    def __init__(self, on_compilation: Callable[[], None]) -> None:
        self._told = on_compilation

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - as numba calls it
        self._told()

    def on_end(self, event: Any) -> None:
        pass


@contextmanager
def heard(on_compilation: Callable[[], None]) -> Generator[None]:
    """Calls ``on_compilation`` whenever a loop begins to be compiled, and not where it is read."""
    installed: Any = getattr(event, "install_listener")  # noqa: B009 - untyped
    with installed("numba:compile", _Compilations(on_compilation)):
        yield


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
