"""What an input file says happened: events to be, each with the first rule it breaks."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.conversion import can_be_time, convert, told
from sources.events import MOMENT, EventTable
from sources.expressions import Scope, first_line
from sources.joins import with_joins
from sources.mapping import BadMapping, Input, Type, Value
from sources.reading import ROW, Part
from sources.rules import MISTIMED, MISTYPED, RAW, broken_rule

TYPES: dict[Type, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "time": MOMENT,
    "boolean": pl.Boolean(),
}
#: Prefix of: a column given a type holds a value that is not of it.
MISFIT = "misfit: "
CONTRACT_SHAPE = ("subscriber_id", "happened_at", "kind")

Expressions = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one file says happened.

    Attributes:
        part: The file.
        rows: Its rows with the columns of joined files; more of them where a join is ``many``.
        kept: The rows that may be events at all, by the input's ``where``.
        events: One row per event to be: the contract's columns, ``rule`` (null if none is
            broken), ``ROW``.
    """

    part: Part
    rows: pl.LazyFrame
    kept: pl.LazyFrame
    events: pl.LazyFrame


@dataclass(frozen=True, slots=True)
class _Asked:
    """An input of a table, and what its expressions may name."""

    table: EventTable
    source: Input
    scope: Scope
    until: datetime


def candidates(
    table: EventTable, source: Input, part: Part, mapping: Path, until: datetime
) -> Candidates:
    """The events of one file, planned and checked but not yet read.

    Raises:
        BadMapping: An expression names a column that is not there, or does not fit its type.
        BadSource: A joined file is missing or unreadable, or has a key twice.
    """
    place = f"{mapping.name}, section [{table.name}], file {part.file}"
    try:
        frame = with_joins(part.frame, source.join, mapping, place)
        scope = Scope(place, frame.collect_schema().names())
        return _plan(_Asked(table, source, scope, until), part, frame)
    except pl.exceptions.PolarsError as error:
        raise BadMapping(f"{place}: {first_line(error)}") from None


def _plan(asked: _Asked, part: Part, frame: pl.LazyFrame) -> Candidates:
    kinds = [_complete(asked, event) for event in asked.source.events]
    frame = _with_types(asked, frame)
    kept = frame.filter(_where(asked)) if asked.source.where else frame
    if len(kinds) == 1:
        return Candidates(part, frame, kept, _events(asked, kept, kinds[0]))
    tells = [_tells_time(asked, frame, kind) for kind in kinds]
    # A row that tells no time for any event is the first's to refuse: no row is lost.
    tells[0] = tells[0] | ~pl.any_horizontal(tells)
    events = [
        _events(asked, kept.filter(tell), kind) for tell, kind in zip(tells, kinds, strict=True)
    ]
    return Candidates(part, frame, kept, pl.concat(events))


def _complete(asked: _Asked, event: Expressions) -> Expressions:
    """The event's expressions; where the file has the contract's shape, the rest by name."""
    columns = asked.scope.columns
    if set(columns) >= set(CONTRACT_SHAPE):
        event = {name: name for name in asked.table.schema if name in columns} | event
    for name in CONTRACT_SHAPE:
        if name not in event:
            raise BadMapping(
                f"{asked.scope.place}: nothing says what {name} is; add {name} = '...', a column "
                f"or an SQL expression over {', '.join(columns)}"
            )
    return event


def _events(asked: _Asked, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
    """The contract's columns, ``rule`` and ``ROW`` of one kind of event."""
    rejects = [f"reject.{name}" for name in asked.source.reject]
    read = _as_read(asked, frame, event)
    typed = read.with_columns(_typed(asked, read.collect_schema())).with_columns(_known_at(asked))
    own = {name.removeprefix("reject."): pl.col(name) for name in rejects}
    rule = broken_rule(asked.table, asked.until, own)
    return typed.select(*asked.table.schema.names(), rule.alias("rule"), ROW)


def _as_read(asked: _Asked, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
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


def _typed(asked: _Asked, read: pl.Schema) -> list[pl.Expr]:
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


def _known_at(asked: _Asked) -> pl.Expr:
    """When it was known as the source tells, or a stated time after it happened."""
    later = pl.col("happened_at") + asked.source.known_after
    return (
        pl.when(pl.col(RAW + "known_at").is_null())
        .then(later)
        .otherwise("known_at")
        .alias("known_at")
    )


def _with_types(asked: _Asked, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Columns converted as ``types`` says, and beside each whether a value did not fit."""
    schema, source = frame.collect_schema(), asked.source
    columns = []
    for name, kind in source.types.items():
        asked.scope.compile(f"types.{name}", f'"{name}"')
        value = told(pl.col(name), schema[name])
        fitted = convert(value, schema[name], TYPES[kind], source.timezone, source.time_formats)
        misfit = fitted.is_null() & value.is_not_null()
        columns += [fitted.alias(name), misfit.alias(MISFIT + name)]
    return frame.with_columns(columns)


def _misfits(asked: _Asked, names: set[str]) -> list[pl.Expr]:
    return [pl.col(MISFIT + name) for name in asked.source.types if name in names]


def _misfit(asked: _Asked, event: Expressions, *, times: bool) -> pl.Expr:
    """Whether a column that the event depends on holds no time, or no value of its type."""
    told_by = [*event.values(), *asked.source.reject.values(), asked.source.where or "true"]
    read = {name for sql in told_by for name in asked.scope.names(sql)}
    read = {name for name in read if (asked.source.types.get(name) == "time") == times}
    return pl.any_horizontal(pl.lit(value=False), *_misfits(asked, read))


def _where(asked: _Asked) -> pl.Expr:
    """Rows that may be events, and rows of which ``where`` cannot tell for a misfit value."""
    sql = asked.source.where or "true"
    holds = asked.scope.compile("where", sql).fill_null(value=False)
    return pl.any_horizontal(holds, *_misfits(asked, asked.scope.names(sql)))


def _tells_time(asked: _Asked, frame: pl.LazyFrame, event: Expressions) -> pl.Expr:
    """Whether a row tells a time for the event, or tries to."""
    sql = event["happened_at"]
    value = asked.scope.compile("happened_at", sql)
    dtype = frame.select(value.alias("value")).collect_schema()["value"]
    tells = told(value, dtype).is_not_null()
    return pl.any_horizontal(tells, *_misfits(asked, asked.scope.names(sql)))
