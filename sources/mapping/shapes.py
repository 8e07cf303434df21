"""Rows put together, numbered within what they are about, or repeated between two times."""

from datetime import datetime

import polars as pl

from perdura.sources.mapping.checks.rules import AS_READ, FAULT
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.sections import Input, Series

_STEP, _END = "series step", "series end"
#: The most rows that are made of one: a century of months.
_MOST = 1200


def added_columns(source: Input) -> list[str]:
    """The columns that shaping adds, which expressions may name."""
    numbered, series = source.numbered, source.series
    numbers = [numbered.column, *map(before, numbered.previous)] if numbered else []
    return [*numbers, *([series.column] if series else [])]


def before(column: str) -> str:
    """What the column was in the row before, of the same thing."""
    return f"{column}_before"


def shaped(source: Input, frame: pl.LazyFrame, location: str, until: datetime) -> pl.LazyFrame:
    """The rows with ``added_columns``; of a series several of each.

    Args:
        source: The input; its ``types`` are applied.
        frame: Its rows.
        location: For messages.
        until: Of the extract: a series without an end goes on until then.

    Raises:
        BadMapping: A column is not there, or is not of a type that has an order.
    """
    columns = frame.collect_schema().names()
    for name in added_columns(source):
        if name in columns:
            raise BadMapping(f"{location}: there is a column {name!r} already; write as = '...'")
    if how := source.numbered:
        _refuse_unknown([*how.keys, *how.previous], frame, f"{location}: numbered")
        kinds = ("time", "number", "integer")
        _refuse_untyped(how.order, source, f"{location}: numbered, order", kinds)
        ordered = frame.sort(*how.keys, how.order, ROW, nulls_last=True, maintain_order=True)
        frame = ordered.with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(how.keys).alias(how.column),
            *(pl.col(name).shift(1).over(how.keys).alias(before(name)) for name in how.previous),
        )
    return _repeated(source.series, source, frame, location, until) if source.series else frame


def grouped(source: Input, kept: pl.LazyFrame, location: str) -> pl.LazyFrame:
    """The first row of each thing, with the sums of all of its rows.

    Args:
        source: The input; its ``types`` are applied.
        kept: Its rows that may hold events.
        location: For messages.

    Raises:
        BadMapping: A column is not there, or is no number.
    """
    how = source.group_by
    if how is None:
        return kept
    _refuse_unknown([*how.keys, *how.sum], kept, f"{location}: group_by")
    for name in how.sum:
        if source.types.get(name) not in ("number", "integer"):
            raise BadMapping(
                f"{location}: group_by: {name!r} is added up and needs a type; add types = "
                f"{{ {name} = 'number' }}"
            )
    added: list[pl.Expr] = []
    for name in how.sum:
        value, fault = pl.col(name), pl.col(FAULT + name)
        sound = (fault.count().over(how.keys) == 0) & (value.count().over(how.keys) > 0)
        added += [
            pl.when(sound).then(value.sum().over(how.keys)).alias(name),
            fault.max().over(how.keys),
            pl.col(AS_READ + name).max().over(how.keys),
        ]
    first = pl.col(ROW) == pl.col(ROW).min().over(how.keys)
    return kept.with_columns(added).filter(first)


def _repeated(
    how: Series, source: Input, frame: pl.LazyFrame, location: str, until: datetime
) -> pl.LazyFrame:
    for name in (how.start, *([how.until] if how.until else [])):
        _refuse_untyped(name, source, f"{location}: series", ("time",))
    start, own = pl.col(how.start), pl.lit(until).dt.cast_time_unit("us")
    # What is to come is not known yet: one step of it shows that the row goes on.
    end = pl.min_horizontal(how.until, own) if how.until else own
    length = 28 * how.months if how.months else how.days
    steps = ((end - start).dt.total_days() // length + 2).clip(1, _MOST).fill_null(1)
    many = (pl.col(_STEP) * (how.months or how.days)).cast(pl.String)
    local = start.dt.convert_time_zone(source.timezone)
    moved = local.dt.offset_by(many + ("mo" if how.months else "d"))
    when = moved.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    none = pl.col(_END) <= start if how.until else pl.lit(value=False)
    return (
        frame.with_columns(
            pl.int_ranges(0, steps, dtype=pl.Int64).alias(_STEP),
            (pl.col(how.until) if how.until else own).alias(_END),
        )
        .explode(_STEP)
        .with_columns(pl.when(~none.fill_null(value=False)).then(when).alias(how.column))
        .filter((pl.col(_STEP) == 0) | (pl.col(how.column) < end))
        .drop(_STEP, _END)
    )


def _refuse_unknown(names: list[str], frame: pl.LazyFrame, location: str) -> None:
    columns = frame.collect_schema().names()
    for name in names:
        if name not in columns:
            raise BadMapping(f"{location}: no column {name!r}; there is {', '.join(columns)}")


def _refuse_untyped(name: str, source: Input, location: str, kinds: tuple[str, ...]) -> None:
    if source.types.get(name) not in kinds:
        raise BadMapping(
            f"{location}: {name!r} needs a type that has an order; add "
            f"types = {{ {name} = 'time' }}"
        )
