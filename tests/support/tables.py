"""Tiny event tables for tests: only what matters is written down."""

from datetime import UTC, datetime

import polars as pl

from perdura.sources.events import EVENT_TABLES, MOMENT
from perdura.sources.merges import Events


def at(text: str) -> datetime:
    """A UTC moment from ``2026-03-01`` or ``2026-03-01 12:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def events(**tables: list[dict]) -> Events:
    """The event tables with the rows given; ``known_at`` is ``happened_at`` unless said.

    Moments are given as text; columns not named are null, except ids, which are "1".
    """
    return {
        table.name: pl.LazyFrame(
            [_row(row, table.required) for row in tables.get(table.name, [])], schema=table.schema
        )
        for table in EVENT_TABLES
    }


def spine(*pairs: tuple[str, str]) -> pl.DataFrame:
    """One row per (subscriber_id, as_of)."""
    rows = [(who, at(when)) for who, when in pairs]
    return pl.DataFrame(rows, schema={"subscriber_id": pl.String, "as_of": MOMENT}, orient="row")


def _row(row: dict, required: tuple[str, ...]) -> dict:
    happened = at(row["happened_at"])
    known = at(row["known_at"]) if "known_at" in row else happened
    ids = {name: "1" for name in required if name != "merged_into"}
    return {"subscriber_id": "ann", **ids, **row, "happened_at": happened, "known_at": known}
