"""Values as read become values of the contract's types, or break a rule; none is guessed."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl

from perdura.sources.events import MOMENT
from perdura.sources.mapping.checks.rules import fault
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.numbers import as_number
from perdura.sources.mapping.values.times import (
    IMPLAUSIBLE,
    PARSED,
    UNPARSEABLE,
    moments,
    plausible,
)

#: The rule that a value breaks that is not of its column's type.
BAD_TYPE = "bad_type"

#: A calculation such as 19.99 * 100 misses the whole number by less.
NEARLY = 1e-6
#: Decimals written out: 12.00 is an amount in euros, where 1200.0 is what pandas makes of cents.
DECIMALS = r"[.,][0-9]{2,}$"
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "1"), True),
    **dict.fromkeys(("false", "f", "no", "0"), False),
}


@dataclass(frozen=True, slots=True)
class Converted:
    """A value in its type, null where there is none; and the rule that it breaks, or null."""

    value: pl.Expr
    fault: pl.Expr


def blank_as_null(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A value as read, null where it is text that says nothing."""
    if dtype != pl.String:
        return value
    return pl.when(value.str.strip_chars() != "").then(value)


def can_be_time(dtype: pl.DataType, formats: tuple[str, ...]) -> bool:
    """Whether values of this type can tell a time; numbers only by a format."""
    if dtype.is_numeric():
        return bool(formats)
    return isinstance(dtype, pl.Datetime | pl.Date | pl.String | pl.Null)


def parsed(value: pl.Expr, dtype: pl.DataType, source: Input, until: datetime) -> pl.Expr:
    """A time of any kind as ``PARSED``, for ``convert``."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        moment = value.cast(MOMENT)
        sound = plausible(moment, until)
        broken = pl.when(~sound).then(fault(IMPLAUSIBLE))
        return pl.struct(
            pl.when(sound).then(moment).alias("moment"),
            pl.lit(None, MOMENT).alias("earlier"),
            broken.alias("fault"),
        )
    if dtype == pl.Null or not can_be_time(dtype, source.time_formats):
        broken = pl.when(value.is_not_null()).then(fault(UNPARSEABLE))
        return pl.struct(
            pl.lit(None, MOMENT).alias("moment"),
            pl.lit(None, MOMENT).alias("earlier"),
            broken.alias("fault"),
        )
    read = partial(moments, zone=source.timezone, formats=source.time_formats, until=until)
    return value.map_batches(read, return_dtype=PARSED, is_elementwise=True)


def convert(value: pl.Expr, dtype: pl.DataType, wanted: pl.DataType, source: Input) -> Converted:
    """``value`` as ``wanted``, null where it does not convert without loss.

    Args:
        value: The value as read; a time as ``parsed`` has it.
        dtype: Its type as read.
        wanted: A type of the event contract, or Boolean.
        source: How its input writes values.
    """
    if wanted == MOMENT:
        return Converted(value.struct.field("moment"), value.struct.field("fault"))
    if wanted.is_numeric():
        fitted = _as_number(value, dtype, wanted, source)
    elif wanted == pl.Boolean and dtype == pl.String:
        lowered = value.str.strip_chars().str.to_lowercase()
        fitted = lowered.replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean)
    else:
        fitted = value.cast(wanted, strict=False)
    return Converted(fitted, lost(value, fitted, BAD_TYPE))


def lost(value: pl.Expr, fitted: pl.Expr, rule: str) -> pl.Expr:
    """The rule, where there is a value as read and none of its type."""
    return pl.when(value.is_not_null() & fitted.is_null()).then(fault(rule))


def _as_number(value: pl.Expr, dtype: pl.DataType, wanted: pl.DataType, source: Input) -> pl.Expr:
    """A finite number, which true and false are not; for whole-number types only if it is whole."""
    if dtype == pl.Boolean:
        return pl.lit(None, wanted)
    if wanted.is_integer() and (dtype.is_integer() or dtype == pl.Null):
        return value.cast(wanted, strict=False)
    number = (
        as_number(value, source) if dtype == pl.String else value.cast(pl.Float64, strict=False)
    )
    finite = pl.when(number.is_finite()).then(number)
    if not wanted.is_integer():
        return finite.cast(wanted)
    whole = finite.round()
    whole = pl.when((finite - whole).abs() < NEARLY).then(whole).cast(wanted, strict=False)
    if dtype != pl.String:
        return whole
    # Text is tried as a whole number first: doubles lose digits past 2**53.
    plain = as_number(value, source, as_plain_text=True)
    exact = plain.cast(wanted, strict=False)
    return pl.coalesce(exact, pl.when(~plain.str.contains(DECIMALS)).then(whole))
