"""The columns of an input: as the mapping tells them, and as the contract wants them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl

from perdura.sources.events import MOMENT, EventTable
from perdura.sources.landing.tombstones import NAMING, as_written
from perdura.sources.mapping.checks.rules import AS_READ, FAULT, FAULTS, RAW, fault
from perdura.sources.mapping.expressions import Scope
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.sections import Input, Type, Value
from perdura.sources.mapping.values.casts import Cast
from perdura.sources.mapping.values.conversion import (
    BAD_TYPE,
    Converted,
    blank_as_null,
    can_be_time,
    convert,
    lost,
    parsed,
)
from perdura.sources.mapping.values.ids import is_id
from perdura.sources.mapping.values.meaning import (
    BAD_CURRENCY,
    MONEY,
    as_codes,
    as_ids,
    in_iso_units,
    normalised,
    with_months,
)
from perdura.sources.mapping.values.numbers import either_mark
from perdura.sources.mapping.values.repeated_hour import PUT_BACK
from perdura.sources.mapping.values.times import UNPARSEABLE, first_instant_after
from perdura.sources.mapping.values.type_words import holds

Expressions = dict[str, Value]

TYPES: dict[Type, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "time": MOMENT,
    "boolean": pl.Boolean(),
}
#: The rule that a number breaks that is one of two, by what stands before its decimals.
AMBIGUOUS = "ambiguous_number"
#: The rule that an amount breaks in a column of which most have decimals.
WHOLE_UNITS = "whole_units"
_PARSED = "parsed: "


@dataclass(frozen=True, slots=True)
class ColumnRequest:
    """An input of a table, and what its expressions may name.

    Attributes:
        table: The event table.
        source: The input.
        scope: What its expressions may name.
        until: What was known before this moment is read.
        by_comma: Columns of numbers of which some are none but by a comma before decimals, though
            the mapping does not say so: of the others one cannot tell.
        in_whole_units: Columns of amounts most of which have decimals: the others are in whole
            units as well, and none is in minor units, as the contract wants them.
    """

    table: EventTable
    source: Input
    scope: Scope
    until: datetime
    by_comma: frozenset[str] = frozenset()
    in_whole_units: frozenset[str] = frozenset()


def with_types(request: ColumnRequest, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Columns converted as ``types`` says; beside each the rule that a value breaks, and the
    value as read.
    """
    schema, source = frame.collect_schema(), request.source
    values = {
        name: blank_as_null(request.scope.column(f"types.{name}", name), schema[name])
        for name in source.types
    }
    times = [name for name, kind in source.types.items() if kind == "time"]
    frame = frame.with_columns(
        parsed(values[name], schema[name], source, request.until).alias(_PARSED + name)
        for name in times
    )
    columns: list[pl.Expr] = []
    for name, kind in source.types.items():
        read = pl.col(_PARSED + name) if kind == "time" else values[name]
        fitted = convert(read, schema[name], TYPES[kind], source)
        if name in request.by_comma:
            fitted = _of_one_mark(values[name], fitted)
        columns += [
            fitted.value.alias(name),
            fitted.fault.cast(FAULTS).alias(FAULT + name),
            pl.when(fitted.fault.is_not_null())
            .then(as_text(values[name], schema[name]))
            .alias(AS_READ + name),
        ]
    return frame.with_columns(columns)


def _of_one_mark(value: pl.Expr, fitted: Converted) -> Converted:
    unsure = either_mark(value).fill_null(value=False)
    return Converted(
        pl.when(~unsure).then(fitted.value),
        pl.when(unsure).then(fault(AMBIGUOUS)).otherwise(fitted.fault),
    )


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A value as people may see it in the report."""
    return pl.lit(None, pl.String) if dtype.is_nested() else value.cast(pl.String, strict=False)


def misfits(request: ColumnRequest, names: Iterable[str]) -> list[pl.Expr]:
    """For each of the names that has a type: whether the value did not fit it."""
    return [pl.col(FAULT + name).is_not_null() for name in request.source.types if name in names]


def put_back(names: Iterable[str]) -> pl.Expr:
    """How far clocks were put back at any of the parsed times."""
    moved = (
        pl.col(_PARSED + name).struct.field("moment")
        - pl.col(_PARSED + name).struct.field("earlier")
        for name in names
    )
    return pl.max_horizontal(pl.lit(None, pl.Duration("us")), *moved)


def in_contract(request: ColumnRequest, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
    """The contract's columns, beside each the value as read and the rule it breaks, and
    ``reject.*`` for own rules.

    Raises:
        BadMapping: A column's values are of a type that the contract's cannot come from.
    """
    read = _as_read(request, frame, event)
    schema = read.collect_schema()
    typed = read.with_columns(_parsed(request, schema)).with_columns(_typed(request, schema, event))
    return in_iso_units(request.table, request.source, _in_time(request, typed))


def _parsed(request: ColumnRequest, read: pl.Schema) -> list[pl.Expr]:
    """What takes longest to read, once for the value and for the rule that it breaks."""
    columns: list[pl.Expr] = []
    for name, wanted in request.table.schema.items():
        value, dtype = pl.col(RAW + name), read[RAW + name]
        if wanted == MOMENT:
            columns.append(
                parsed(value, dtype, request.source, request.until).alias(_PARSED + name)
            )
        elif is_id(name):
            columns.append(as_ids(value, dtype, request.source).alias(_PARSED + name))
        elif name == "currency":
            columns.append(as_codes(value).alias(_PARSED + name))
    return columns


def _as_read(request: ColumnRequest, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
    """Each column of the contract before conversion, and what rules need besides."""
    source, scope = request.source, request.scope
    compiled = {name: scope.cast(name, sql) for name, sql in event.items()}
    own = {f"reject.{name}": sql for name, sql in source.reject.items()}
    rules = {name: scope.cast(name, sql) for name, sql in own.items()}
    where = {"where": scope.cast("where", source.where)} if source.where else {}
    none = Cast(pl.lit(None))
    read = frame.select(
        ROW,
        *(compiled.get(name, none).value.alias(RAW + name) for name in request.table.schema),
        *(cast.value.fill_null(value=False).alias(name) for name, cast in rules.items()),
        *_type_faults(request, event),
        *_cast_faults(compiled | rules | where, frame.collect_schema()),
    )
    schema = read.collect_schema()
    ids = (
        pl.col(RAW + name).cast(pl.String, strict=False).alias(as_written(name))
        for name in NAMING
        if name in request.table.schema and not schema[RAW + name].is_nested()
    )
    return read.with_columns(ids).with_columns(
        normalised(blank_as_null(pl.col(name), kind), kind, name.removeprefix(RAW), source)
        for name, kind in schema.items()
        if name.startswith(RAW)
    )


def _type_faults(request: ColumnRequest, event: Expressions) -> list[pl.Expr]:
    """Of the columns with types that an event depends on: the rules broken, the values as read, and
    how far clocks were put back at its time.
    """
    source, scope = request.source, request.scope
    told_by = [*event.values(), *source.reject.values(), source.where or "true"]
    names = {name for sql in told_by for name in scope.names(sql)}
    typed = [name for name in source.types if name in names]
    times = {name for name in typed if source.types[name] == "time"}
    faults = [
        pl.col(prefix + name).alias(f"{prefix}types.{name}")
        for name in typed
        for prefix in (FAULT, AS_READ)
    ]
    return [*faults, put_back(sorted(times & scope.names(event["happened_at"]))).alias(PUT_BACK)]


def _cast_faults(compiled: dict[str, Cast], schema: pl.Schema) -> list[pl.Expr]:
    """For each expression with casts: the rule broken where the outcome hangs on a failed one."""
    columns: list[pl.Expr] = []
    for key, cast in compiled.items():
        if cast.failed is None:
            continue
        rule = UNPARSEABLE if key in {"happened_at", "known_at"} else BAD_TYPE
        value = (
            as_text(pl.col(cast.reads), schema[cast.reads])
            if cast.reads
            else pl.lit(None, pl.String)
        )
        failed = cast.failed.fill_null(value=False)
        columns += [
            pl.when(failed).then(fault(rule)).alias(f"{FAULT}sql.{key}"),
            pl.when(failed).then(value).alias(f"{AS_READ}sql.{key}"),
        ]
    return columns


def _typed(request: ColumnRequest, read: pl.Schema, event: Expressions) -> list[pl.Expr]:
    """Each column of the contract in its type, and beside it the rule that a value breaks."""
    columns: list[pl.Expr] = []
    for name, wanted in request.table.schema.items():
        dtype, sql, value = read[RAW + name], event.get(name), pl.col(RAW + name)
        timeless = wanted == MOMENT and not can_be_time(dtype, request.source.time_formats)
        if dtype.is_nested() or timeless:
            raise BadMapping(_misfit(request, name, sql, dtype))
        fitted = _fitted(name, wanted, dtype, request.source)
        if sql in request.by_comma and wanted.is_numeric() and dtype == pl.String:
            fitted = _of_one_mark(value, fitted)
        if name in MONEY and sql in request.in_whole_units:
            none = pl.lit(None, pl.Int64)
            fitted = Converted(none, pl.when(value.is_not_null()).then(fault(WHOLE_UNITS)))
        columns += [fitted.value.alias(name), fitted.fault.cast(FAULTS).alias(FAULT + name)]
    return columns


def _fitted(name: str, wanted: pl.DataType, dtype: pl.DataType, source: Input) -> Converted:
    """A column of the contract as its meaning wants it to be read."""
    value, own = pl.col(RAW + name), pl.col(_PARSED + name)
    if is_id(name):
        return Converted(own.struct.field("id"), own.struct.field("fault"))
    if name == "currency":
        return Converted(own, lost(value, own, BAD_CURRENCY))
    if name == "interval_months":
        return with_months(value, dtype, source)
    return convert(own if wanted == MOMENT else value, dtype, wanted, source)


def _misfit(request: ColumnRequest, name: str, sql: Value | None, dtype: pl.DataType) -> str:
    """Why values of a type cannot be what a column of the contract holds, and what to write."""
    start = f"{request.scope.location}: {name} = {sql!r} holds {holds(dtype)}"
    if dtype.is_nested():
        return f"{start}, and {name} takes one value a row; map a column that has one"
    if dtype.is_numeric():
        return (
            f"{start}, and nothing says what they count; write time_formats = ['epoch_s'] for "
            "seconds since 1970, ['epoch_ms'] for milliseconds, or ['%Y%m%d'] for 20260131"
        )
    return f"{start}, which tell no time; map a column of times"


def _in_time(request: ColumnRequest, typed: pl.LazyFrame) -> pl.LazyFrame:
    """When each event happened and was known.

    A term that ends with its last paid day ended with that day, if it tells no hour. An event of
    which no source tells when it was known was known a stated time after it happened. Of two
    moments as clocks were put back an event happened at the one that it was known after.
    """
    happened, known = pl.col("happened_at"), pl.col("known_at")
    if request.source.ends == "inclusive":
        day_after = partial(first_instant_after, zone=request.source.timezone)
        later = happened.map_batches(day_after, return_dtype=MOMENT, is_elementwise=True)
        ended = pl.when(pl.col("kind") == "ended").then(later).otherwise(happened)
        typed = typed.with_columns(ended.alias("happened_at"))
    untold = known.is_null() & pl.col(FAULT + "known_at").is_null()
    after = pl.when(untold).then(happened + request.source.known_after).otherwise(known)
    back = pl.max_horizontal(PUT_BACK, put_back(["happened_at"]))
    typed = typed.with_columns(after.alias("known_at"), back.alias(PUT_BACK))
    earlier = happened - pl.col(PUT_BACK)
    first = (known < happened) & (earlier <= known)
    return typed.with_columns(pl.when(first).then(earlier).otherwise(happened).alias("happened_at"))
