"""The rules that every event keeps. A row is refused by the first one it breaks."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from sources.events import EventTable

#: The rule that only a look at other rows shows. Lines that are no rows yet break ``cut_off``
#: or ``broken_line``.
DUPLICATE = "duplicate"

#: Prefix of the value as read, beside the value as converted.
RAW = "read: "
#: Whether a column that the mapping gives a type to, and that the event depends on, did not fit.
MISTYPED = "mistyped"
MISTIMED = "mistimed"


def broken_rule(
    table: EventTable, until: datetime, own: Mapping[str, pl.Expr] | None = None
) -> pl.Expr:
    """Name of the first rule that a row breaks; null if it keeps them all.

    Expects the columns of the contract, each beside its value as read (``RAW``).

    Args:
        table: Whose contract.
        until: The extract reads what was known before this moment.
        own: Further rules of the source: true for rows that break them.
    """
    broken = {**_rules(table, until), **(own or {})}
    return pl.coalesce(
        *(pl.when(is_broken).then(pl.lit(name)) for name, is_broken in broken.items())
    )


def _rules(table: EventTable, until: datetime) -> dict[str, pl.Expr]:
    happened, known = pl.col("happened_at"), pl.col("known_at")
    own = [*table.columns]
    text = [name for name, kind in table.schema.items() if kind == pl.String]
    return {
        "no_subscriber": pl.col("subscriber_id").is_null(),
        "unparseable_time": pl.col(MISTIMED) | _lost("happened_at") | _lost("known_at"),
        "bad_type": pl.any_horizontal(MISTYPED, *(_lost(name) for name in own)),
        "no_time": happened.is_null(),
        "missing_required": pl.any_horizontal(
            pl.col(name).is_null() for name in ("kind", *table.required)
        ),
        "unknown_kind": ~pl.col("kind").is_in(table.kinds) if table.kinds else pl.lit(False),
        "bad_encoding": pl.any_horizontal(
            pl.col(name).str.contains("\ufffd", literal=True) for name in text
        ),
        "in_the_future": (happened >= until) & (known < until),
        "known_before_happened": known < happened,
        "negative_amount": pl.any_horizontal(
            pl.lit(False), *(pl.col(name) < 0 for name in table.not_negative)
        ),
    }


def _lost(name: str) -> pl.Expr:
    return pl.col(name).is_null() & pl.col(RAW + name).is_not_null()
