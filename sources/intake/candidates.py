"""What an input file says happened: events to be, each with the first rule it breaks."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.events import EventTable
from sources.intake.columns import Asked, Expressions, in_contract, misfits, with_types
from sources.intake.conversion import told
from sources.intake.expressions import Scope, without_values
from sources.intake.joins import with_joins
from sources.intake.mapping import BadMapping, Input
from sources.intake.reading import ROW, Part
from sources.intake.rules import broken_rule

CONTRACT_SHAPE = ("subscriber_id", "happened_at", "kind")


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
        asked = Asked(table, source, scope, until)
        _plan(asked, part, frame.head(0)).events.collect()  # faults of types show without rows
        return _plan(asked, part, frame)
    except pl.exceptions.PolarsError as error:
        raise BadMapping(
            f"{place}: {without_values(error)}; what is compared or calculated with needs a type, "
            "such as types = { amount = 'number', day = 'time' }"
        ) from None


def _plan(asked: Asked, part: Part, frame: pl.LazyFrame) -> Candidates:
    kinds = [_complete(asked, event) for event in asked.source.events]
    frame = with_types(asked, frame)
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


def _complete(asked: Asked, event: Expressions) -> Expressions:
    """The event's expressions; where the file has the contract's shape, the rest by name."""
    columns = asked.scope.columns
    if set(columns) >= set(CONTRACT_SHAPE):
        event = {name: name for name in asked.table.schema if name in columns} | event
    for name in (*CONTRACT_SHAPE, *asked.table.required):
        if name not in event:
            raise BadMapping(
                f"{asked.scope.place}: nothing says what {name} is; add {name} = '...', a column "
                f"or an SQL expression over {', '.join(columns)}"
            )
    return event


def _events(asked: Asked, frame: pl.LazyFrame, event: Expressions) -> pl.LazyFrame:
    """The contract's columns, ``rule`` and ``ROW`` of one kind of event."""
    rejects = [f"reject.{name}" for name in asked.source.reject]
    typed = in_contract(asked, frame, event)
    own = {name.removeprefix("reject."): pl.col(name) for name in rejects}
    rule = broken_rule(asked.table, asked.until, own)
    return typed.select(*asked.table.schema.names(), rule.alias("rule"), ROW)


def _where(asked: Asked) -> pl.Expr:
    """Rows that may be events, and rows of which ``where`` cannot tell for a misfit value."""
    sql = asked.source.where or "true"
    holds = asked.scope.compile("where", sql).fill_null(value=False)
    return pl.any_horizontal(holds, *misfits(asked, asked.scope.names(sql)))


def _tells_time(asked: Asked, frame: pl.LazyFrame, event: Expressions) -> pl.Expr:
    """Whether a row tells a time for the event, or tries to."""
    sql = event["happened_at"]
    value = asked.scope.compile("happened_at", sql)
    dtype = frame.select(value.alias("value")).collect_schema()["value"]
    tells = told(value, dtype).is_not_null()
    return pl.any_horizontal(tells, *misfits(asked, asked.scope.names(sql)))
