"""Zendesk's things in a few words: what the tests of its connector write down."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

from perdura.sources.connectors.zendesk.objects import ObjectKind, Objects

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def hour(hours: float) -> datetime:
    """So many hours after ``START``."""
    return START + timedelta(hours=hours)


def objects(things: Mapping[ObjectKind, Iterable[Mapping[str, object]]]) -> Objects:
    """The things, each with the place ``<kind>``, row 1 and so on."""
    tables: dict[ObjectKind, pl.LazyFrame] = {}
    for kind, rows in things.items():
        placed = [
            {"file": kind.name, "row": number, **row} for number, row in enumerate(rows, start=1)
        ]
        tables[kind] = pl.LazyFrame(placed, schema=kind.schema)
    return Objects(tables)
