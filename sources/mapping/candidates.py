"""What an input file says happened: events to be, each with the first rule it breaks."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.error_texts import without_values
from perdura.sources.events import EventTable
from perdura.sources.landing.tombstones import NAMING, as_written
from perdura.sources.mapping.checks.rules import (
    broken_rule,
    checks,
    column_and_value,
    first_broken,
)
from perdura.sources.mapping.columns import (
    ColumnRequest,
    Expressions,
    in_contract,
    misfits,
    with_types,
)
from perdura.sources.mapping.expressions import Scope
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BROKEN, BadSource, FilePart, damaged
from perdura.sources.mapping.joins import with_joins
from perdura.sources.mapping.mapping import BadMapping, Input
from perdura.sources.mapping.sections import Value
from perdura.sources.mapping.shapes import added_columns, grouped, shaped
from perdura.sources.mapping.values.conversion import blank_as_null
from perdura.sources.mapping.values.keys_met import keys_met
from perdura.sources.mapping.values.meaning import without_null_words
from perdura.sources.mapping.values.number_marks import numbers_in
from perdura.sources.mapping.values.odd_values import odd_values
from perdura.sources.mapping.values.repeated_hour import PUT_BACK
from perdura.sources.mapping.values.times import says_never
from perdura.sources.mapping.values.type_words import holds, of_columns

CONTRACT_SHAPE = ("subscriber_id", "happened_at", "kind")


@dataclass(frozen=True, slots=True)
class CandidateEvents:
    """What one file says happened.

    Attributes:
        part: The file.
        source: The input that names it.
        rows: Its rows with the columns of joined files; more of them where a join is ``many``.
        kept: The rows that may be events at all, by the input's ``where``.
        events: One row per event to be: the contract's columns, ``as_written`` ids, ``rule`` (null
            if none is broken), ``PUT_BACK``, ``ROW``.
        faults: Beside each of these events, in what column it breaks its rule, and the value as
            read: ``rule``, ``column``, ``value``, ``ROW``.
        notes: What looks odd about its values and is no fault.
    """

    part: FilePart
    source: Input
    rows: pl.LazyFrame
    kept: pl.LazyFrame
    events: pl.LazyFrame
    faults: pl.LazyFrame
    notes: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether a row of the file may be several after joins, or in a series."""
        return any(join.many for join in self.source.join) or self.source.series is not None

    @property
    def spreads(self) -> bool:
        """Whether events of one row may be of several subscribers."""
        return self.several or len({one.get("subscriber_id") for one in self.source.events}) > 1


def candidates(
    table: EventTable, source: Input, part: FilePart, mapping: Path, until: datetime
) -> CandidateEvents:
    """The events of one file, planned and checked but not yet read.

    Raises:
        BadMapping: An expression names a column that is not there, or does not fit its type.
        BadSource: A joined file is missing or unreadable, or has a key twice.
    """
    location = f"{mapping.name}, section [{table.name}], file {part.file}"
    request, frame = None, part.frame
    try:
        frame = with_joins(
            without_null_words(part.frame, source.null_words), source.join, mapping, location
        )
        scope = Scope(location, [*frame.collect_schema().names(), *added_columns(source)])
        request = ColumnRequest(table, source, scope, until)
        _plan(request, part, frame.head(0)).events.collect()  # faults of types show without rows
    except pl.exceptions.PolarsError as error:
        misfit = request and _misfit(request, with_types(request, frame.head(0)))
        raise BadMapping(
            f"{location}: {misfit or f'{without_values(error)}; {_typed_as()}'}"
        ) from None
    try:
        numbers = numbers_in(request, frame)
        request = replace(request, by_comma=numbers.by_comma, in_whole_units=numbers.in_whole_units)
        planned = _plan(request, part, frame)
        kinds = [_complete(request, event) for event in source.events]
        odd = [*numbers.notes, *odd_values(request, planned.kept, kinds)]
        if met := keys_met(request, planned.kept, kinds[0]["subscriber_id"]):
            odd.append(met)
    except BROKEN as error:
        raise BadSource(damaged(part.file, error)) from None
    return replace(planned, notes=tuple(f"{part.file}: {note}" for note in odd))


def _misfit(request: ColumnRequest, typed: pl.LazyFrame) -> str | None:
    """The first expression that does not go with the types of its columns, and what they hold."""
    source, schema = request.source, typed.collect_schema()
    conditions = [("where", source.where or "true"), *source.reject.items()]
    for key, sql in [*conditions, *(pair for event in source.events for pair in event.items())]:
        names = request.scope.names(sql)
        if not names <= {*schema}:  # made by shapes, such as numbers of rows
            continue
        try:
            typed.select(request.scope.compile(key, sql)).collect()
        except pl.exceptions.PolarsError:
            times, texts = (
                [name for name in sorted(names) if holds(schema[name]) == what]
                for what in ("times", "text")
            )
            todo = (
                f"a time is compared with a date: {times[0]} > DATE '2026-01-31'"
                if times
                else _typed_as(*texts[:1])
            )
            return f"{key} = {sql!r} does not fit: {of_columns(schema, names)}; {todo}"
    return None


def _typed_as(name: str = "amount") -> str:
    column = name if name.isidentifier() else f'"{name}"'
    return (
        "what is compared or calculated with needs a type, such as types = "
        f"{{ {column} = 'number' }}"
    )


def _plan(request: ColumnRequest, part: FilePart, frame: pl.LazyFrame) -> CandidateEvents:
    kinds = [_complete(request, event) for event in request.source.events]
    frame = shaped(
        request.source, with_types(request, frame), request.scope.location, request.until
    )
    kept, where = frame, request.source.where
    if where:
        # Rows that may be events, and rows of which ``where`` cannot tell for a misfit value.
        holds_where = request.scope.compile("where", where).fill_null(value=False)
        kept = frame.filter(pl.any_horizontal(holds_where, *_unsure(request, "where", where)))
    kept = grouped(request.source, kept, request.scope.location)
    tells = [_tells_time(request, frame, kind) for kind in kinds]
    # A row that tells no time for any event is the first's to refuse: no row is lost.
    tells[0] = tells[0] | ~pl.any_horizontal(tells)
    found = [
        _events(request, kept.filter(own) if len(kinds) > 1 else kept, kind)
        for own, kind in zip(tells, kinds, strict=True)
    ]
    events, faults = zip(*found, strict=True)
    return CandidateEvents(part, request.source, frame, kept, pl.concat(events), pl.concat(faults))


def _complete(request: ColumnRequest, event: Expressions) -> Expressions:
    """The event's expressions; where the file has the contract's shape, the rest by name."""
    columns = request.scope.columns
    if set(columns) >= set(CONTRACT_SHAPE):
        event = {name: name for name in request.table.schema if name in columns} | event
    if request.table.default_kind and "kind" not in event:
        event = {**event, "kind": f"'{request.table.default_kind}'"}
    for name in (*CONTRACT_SHAPE, *request.table.required):
        if name not in event:
            raise BadMapping(
                f"{request.scope.location}: nothing says what {name} is; add {name} = '...', a "
                f"column or an SQL expression over {', '.join(columns)}"
            )
    return event


def _events(
    request: ColumnRequest, frame: pl.LazyFrame, event: Expressions
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """One kind of event: the contract's columns, ``rule``, ``ROW``; and what breaks the rules."""
    typed = in_contract(request, frame, event)
    own = {name: pl.col(f"reject.{name}") for name in request.source.reject}
    columns = typed.collect_schema().names()
    checked = checks(request.table, request.until, columns, own)
    rule = broken_rule(checked, columns).alias("rule")
    faults = typed.with_columns(first_broken(checked)).select(rule, *column_and_value(checked), ROW)
    ids = (
        pl.when(pl.col(as_written(name)).ne_missing(pl.col(name)))
        .then(as_written(name))
        .alias(as_written(name))
        for name in NAMING
        if name in request.table.schema
    )
    return typed.select(*request.table.schema.names(), *ids, rule, PUT_BACK, ROW), faults


def _unsure(request: ColumnRequest, key: str, sql: Value) -> list[pl.Expr]:
    """What may keep an expression from telling: a cast that failed, a value that misfits."""
    failed = request.scope.cast(key, sql).failed
    casts = [] if failed is None else [failed.fill_null(value=False)]
    return [*casts, *misfits(request, request.scope.names(sql))]


def _tells_time(request: ColumnRequest, frame: pl.LazyFrame, event: Expressions) -> pl.Expr:
    """Whether a row tells a time for the event, or tries to."""
    sql = event["happened_at"]
    value = request.scope.compile("happened_at", sql)
    dtype = frame.select(value.alias("value")).collect_schema()["value"]
    tells = blank_as_null(value, dtype).is_not_null() & ~says_never(value, dtype)
    return pl.any_horizontal(tells, *_unsure(request, "happened_at", sql))
