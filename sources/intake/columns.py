"""The columns of an input: as the mapping tells them, and as the contract wants them."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from sources.events import MOMENT, EventTable
from sources.intake.conversion import can_be_time, convert, told
from sources.intake.expressions import Scope
from sources.intake.mapping import BadMapping
from sources.intake.reading import ROW
from sources.intake.rules import MISTIMED, MISTYPED, RAW
from sources.intake.sections import Input, Type, Value

Expressions = dict[str, Value]

TYPES: dict[Type, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "time": MOMENT,
    "boolean": pl.Boolean(),
}
#: Prefix of: a column given a type holds a value that is not of it.
MISFIT = "misfit: "


@dataclass(frozen=True, slots=True)
class Asked:
    """An input of a table, and what its expressions may name."""

    table: EventTable
    source: Input
    scope: Scope
    until: datetime


def with_types(asked: Asked, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Columns converted as ``types`` says, and beside each whether a value did not fit."""
    schema, source = frame.collect_schema(), asked.source
    columns = []
    for name, kind in source.types.items():
        value = told(asked.scope.column(f"types.{name}", name), schema[name])
        fitted = convert(value, schema[name], TYPES[kind], source.timezone, source.time_formats)
        misfit = fitted.is_null() & value.is_not_null()
        columns += [fitted.alias(name), misfit.alias(MISFIT + name)]
    return frame.with_columns(columns)


def misfits(asked: Asked, names: set[str]) -> list[pl.Expr]:
    """For each of the names that has a type: whether the value did not fit it."""
    return [pl.col(MISFIT + name) for name in asked.source.types if name in names]


def in_contract(asked: Asked, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
    """The contract's columns, beside each the value as read, and ``reject.*`` for own rules.

    Raises:
        BadMapping: A column's values are of a type that the contract's cannot come from.
    """
    read = _as_read(asked, frame, event)
    return read.with_columns(_typed(asked, read.collect_schema())).with_columns(_known_at(asked))


def _as_read(asked: Asked, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
    """Each column of the contract before conversion, and what rules need besides."""
    compiled = {name: asked.scope.compile(name, sql) for name, sql in event.items()}
    read = frame.select(
        ROW,
        *(compiled.get(name, pl.lit(None)).alias(RAW + name) for name in asked.table.schema),
        *(
            asked.scope.compile(f"reject.{name}", sql)
            .fill_null(value=False)
            .alias(f"reject.{name}")
            for name, sql in asked.source.reject.items()
        ),
        _misfit(asked, event, times=True).alias(MISTIMED),
        _misfit(asked, event, times=False).alias(MISTYPED),
    )
    return read.with_columns(
        told(pl.col(name), kind) for name, kind in read.collect_schema().items()
    )


def _typed(asked: Asked, read: pl.Schema) -> list[pl.Expr]:
    source, columns = asked.source, []
    for name, wanted in asked.table.schema.items():
        dtype = read[RAW + name]
        timeless = wanted == MOMENT and not can_be_time(dtype, source.time_formats)
        if dtype.is_nested() or timeless:
            raise BadMapping(
                f"{asked.scope.place}: {name} is {dtype}, which cannot become {wanted}"
                + ("; give time_formats = ['epoch_s'] or ['epoch_ms']" if timeless else "")
            )
        value = convert(pl.col(RAW + name), dtype, wanted, source.timezone, source.time_formats)
        columns.append(value.alias(name))
    return columns


def _known_at(asked: Asked) -> pl.Expr:
    """When it was known as the source tells, or a stated time after it happened."""
    later = pl.col("happened_at") + asked.source.known_after
    return (
        pl.when(pl.col(RAW + "known_at").is_null())
        .then(later)
        .otherwise("known_at")
        .alias("known_at")
    )


def _misfit(asked: Asked, event: Expressions, *, times: bool) -> pl.Expr:
    """Whether a column that the event depends on holds no time, or no value of its type."""
    told_by = [*event.values(), *asked.source.reject.values(), asked.source.where or "true"]
    read = {name for sql in told_by for name in asked.scope.names(sql)}
    read = {name for name in read if (asked.source.types.get(name) == "time") == times}
    return pl.any_horizontal(pl.lit(value=False), *misfits(asked, read))
