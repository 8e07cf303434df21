"""The rules that every event keeps. A row is refused by the first one it breaks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import polars as pl

from perdura.sources.events import EventTable

#: The rules that only a look at other rows shows. Lines that are no rows yet break ``cut_off``,
#: ``broken_line`` or ``bad_encoding``.
DUPLICATE = "duplicate"
NO_LENGTH = "no_length"

#: Prefix of the value as read, beside the value as converted.
RAW = "read: "
#: Prefix of the rule that a value breaks, of a column of the contract or one with a type.
FAULT = "fault: "
#: Prefix of the value of a column with a type, or in a cast, as it was read, where it breaks one.
AS_READ = "as read: "
#: The place of the first check that a row breaks.
FIRST = "first broken"

#: Rules that single values break, in the order in which they are told.
_OF_VALUES = (
    "null_word",
    "imprecise_id",
    "unparseable_time",
    "implausible_time",
    "ambiguous_number",
    "whole_units",
    "bad_type",
    "bad_currency",
)
#: The type of ``FAULT`` columns: a rule that a value breaks, by its place among them.
FAULTS = pl.Enum(_OF_VALUES)


@dataclass(frozen=True, slots=True)
class Check:
    """One way of breaking a rule: which, where, whether, and by what value."""

    rule: str
    column: str
    broken: pl.Expr
    value: pl.Expr
    of_value: bool = False


def fault(rule: str) -> pl.Expr:
    """The rule that a value breaks, for a ``FAULT`` column."""
    return pl.lit(rule, FAULTS)


def checks(
    table: EventTable, until: datetime, columns: Iterable[str], own: Mapping[str, pl.Expr]
) -> list[Check]:
    """All ways of breaking a rule, in the order in which they are told.

    Args:
        table: The contract.
        until: The extract reads what was known before this moment.
        columns: What the frame has: the contract's columns, each with ``RAW`` and ``FAULT``, and
            ``FAULT`` and ``AS_READ`` of others that the event depends on.
        own: Further rules of the source: true for rows that break them.
    """
    columns, none = [*columns], pl.lit(None, pl.String)
    faulty = [name.removeprefix(FAULT) for name in columns if name.startswith(FAULT)]
    faulty.sort(key=lambda name: AS_READ + name not in columns)
    absent = pl.col("subscriber_id").is_null() & pl.col(FAULT + "subscriber_id").is_null()
    checked = [Check("no_subscriber", "subscriber_id", absent, none)]
    for rule, name in product(_OF_VALUES, faulty):
        column = name.removeprefix("sql.").removeprefix("types.")
        read = pl.col((AS_READ if AS_READ + name in columns else RAW) + name)
        value = read.cast(pl.String, strict=False)
        checked.append(Check(rule, column, pl.col(FAULT + name) == rule, value, of_value=True))
    checked += [
        Check(rule, column, broken, pl.col(RAW + column).cast(pl.String, strict=False))
        for rule, column, broken in _of_events(table, until)
    ]
    return checked + [Check(name, name, broken, none) for name, broken in own.items()]


def broken_rule(checked: Sequence[Check], columns: Iterable[str]) -> pl.Expr:
    """Name of the first rule that a row breaks; null if it keeps them all.

    Args:
        checked: As of ``checks``.
        columns: As for ``checks``.
    """
    first, *others = (check for check in checked if not check.of_value)
    names = [*dict.fromkeys((*_OF_VALUES, *(check.rule for check in checked)))]
    # Numbers are quicker to tell apart than names, and most rows break no rule. Of the faults of
    # values the first rule has the least number.
    faults = (pl.col(name).to_physical() for name in columns if name.startswith(FAULT))
    found = (pl.when(one.broken).then(pl.lit(names.index(one.rule))) for one in (first, *others))
    number = pl.coalesce(next(found), pl.min_horizontal(*faults), *found)
    return number.cast(pl.UInt32).cat.to(pl.Enum(names)).cast(pl.String)


def first_broken(checked: Sequence[Check]) -> pl.Expr:
    """``FIRST``: the place among the checks of the first that a row breaks; null for none."""
    broken = (pl.when(one.broken).then(pl.lit(number)) for number, one in enumerate(checked))
    return pl.coalesce(broken).alias(FIRST)


def column_and_value(checked: Sequence[Check]) -> tuple[pl.Expr, pl.Expr]:
    """``column`` of the first rule that a row breaks, and ``value``: what was read there.

    The frame has ``FIRST``. Were it worked out for each of the checks anew, their number squared
    would make the report of a small file take seconds.
    """
    own = [(pl.col(FIRST) == number, one) for number, one in enumerate(checked)]
    column = pl.coalesce(pl.when(is_first).then(pl.lit(one.column)) for is_first, one in own)
    # Of the first alone: where nothing stands there, what another rule refuses is not the value.
    value = pl.coalesce(pl.when(is_first).then(one.value) for is_first, one in own)
    return column.alias("column"), value.alias("value")


def _of_events(table: EventTable, until: datetime) -> list[tuple[str, str, pl.Expr]]:
    """The rules that only the whole event shows: name, column, whether a row breaks it."""
    happened, known = pl.col("happened_at"), pl.col("known_at")
    undecoded = {
        name: pl.col(name).map_batches(_undecoded, return_dtype=pl.Boolean(), is_elementwise=True)
        for name, kind in table.schema.items()
        if kind == pl.String
    }
    kinds = ~pl.col("kind").is_in(table.kinds) if table.kinds else pl.lit(value=False)
    scales = {name: ~pl.col(name).is_between(*scale) for name, scale in table.ranges.items()}
    return [
        ("no_time", "happened_at", happened.is_null()),
        *(("missing_required", name, pl.col(name).is_null()) for name in ("kind", *table.required)),
        ("unknown_kind", "kind", kinds),
        *(("bad_encoding", name, broken) for name, broken in undecoded.items()),
        ("in_the_future", "happened_at", (happened >= until) & (known < until)),
        ("known_before_happened", "known_at", known < happened),
        *(("negative_amount", name, pl.col(name) < 0) for name in table.not_negative),
        *(("off_scale", name, broken) for name, broken in scales.items()),
    ]


def _undecoded(texts: pl.Series) -> pl.Series:
    """Whether bytes of a text were none in the file's encoding."""
    if (texts.str.len_bytes() == texts.str.len_chars()).all():  # ASCII alone, as ids mostly are
        return pl.repeat(value=False, n=len(texts), eager=True)
    return texts.str.contains("\ufffd", literal=True)
