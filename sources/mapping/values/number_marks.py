"""How the numbers of a file are written, where the mapping does not say it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from perdura.sources.mapping.columns import ColumnRequest
from perdura.sources.mapping.values.conversion import DECIMALS, NEARLY
from perdura.sources.mapping.values.meaning import MONEY
from perdura.sources.mapping.values.numbers import (
    as_number,
    comma_before_decimals,
    either_mark,
    is_declared,
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the numbers of one file look like, where the mapping does not say it.

    Attributes:
        by_comma: Columns of which some values are numbers only by a comma before decimals.
        in_whole_units: Columns of amounts most of which have decimals: none is in minor units.
        notes: A sentence for each column in which all points may stand between thousands.
    """

    by_comma: frozenset[str]
    in_whole_units: frozenset[str]
    notes: tuple[str, ...]


def numbers_in(request: ColumnRequest, frame: pl.LazyFrame) -> Numbers:
    """What the numbers of a file look like."""
    texts, amounts = _number_texts(request, frame), _amounts(request, frame)
    counts: dict[tuple[str, str], pl.Expr] = {}
    for name in texts:
        counts[name, "comma"] = comma_before_decimals(pl.col(name)).sum()
        counts[name, "either"] = either_mark(pl.col(name)).sum()
        counts[name, "pointed"] = pl.col(name).str.contains(".", literal=True).sum()
    for name, decimals in amounts:
        counts[name, "amounts"], counts[name, "decimals"] = pl.col(name).count(), decimals.sum()
    found = collect_counts(frame, counts)
    by_comma = frozenset(name for name in texts if found[name]["comma"])
    whole = (name for name, _ in amounts if 2 * found[name]["decimals"] > found[name]["amounts"])
    notes = (
        f"all {found[name]['either']:,} values of {name} with a point have three digits after it; "
        "they are read as decimals. If it stands between thousands write decimal = ','"
        for name in texts
        if name not in by_comma and 0 < found[name]["either"] == found[name]["pointed"]
    )
    return Numbers(by_comma, frozenset(whole), tuple(notes))


def _amounts(request: ColumnRequest, frame: pl.LazyFrame) -> list[tuple[str, pl.Expr]]:
    """Columns that are amounts as they stand, and whether a value is a number with decimals."""
    schema, found = frame.collect_schema(), list[tuple[str, pl.Expr]]()
    amounts = {str(sql) for event in request.source.events for sql in map(event.get, MONEY) if sql}
    for name in sorted(amounts & {*schema}):
        value, dtype = pl.col(name), schema[name]
        number = as_number(value, request.source) if dtype == pl.String else value
        if dtype != pl.String and not dtype.is_float():
            continue
        decimals = (number - number.round()).abs() > NEARLY
        if dtype == pl.String:
            decimals |= value.str.strip_chars().str.contains(DECIMALS)
        found.append((name, decimals & number.is_not_null()))
    return found


def _number_texts(request: ColumnRequest, frame: pl.LazyFrame) -> list[str]:
    """Columns of text that hold numbers, where the mapping does not say how they are written."""
    if is_declared(request.source):
        return []
    numeric = {name for name, kind in request.table.schema.items() if kind.is_numeric()}
    wanted = [name for name, kind in request.source.types.items() if kind in {"number", "integer"}]
    for event in request.source.events:
        wanted += [str(sql) for name, sql in event.items() if name in numeric]
    schema = frame.collect_schema()
    return [name for name in dict.fromkeys(wanted) if schema.get(name) == pl.String]


def collect_counts(
    kept: pl.LazyFrame, counted: dict[tuple[str, str], pl.Expr]
) -> dict[str, dict[str, Any]]:
    """What expressions by column and what they count come to, in one go."""
    found: dict[str, dict[str, Any]] = {}
    if not counted:
        return found
    select = [count.alias(f"{column}|{what}") for (column, what), count in counted.items()]
    row = kept.select(select).collect(engine="streaming").row(0)
    for (column, what), value in zip(counted, row, strict=True):
        found.setdefault(column, {})[what] = value
    return found
