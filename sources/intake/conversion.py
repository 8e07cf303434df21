"""Values as read become values of the contract's types; what does not convert becomes null.

Whoever calls compares nulls before and after, and so finds the values that did not fit.
"""

import polars as pl

from sources.events import MOMENT

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
#: Takes Z, +02, +0200 and +02:00.
ISO_OFFSET = "%Y-%m-%dT%H:%M:%S%.f%#z"


def told(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A value as read, null where it is text that says nothing."""
    if dtype != pl.String:
        return value
    return pl.when(value.str.strip_chars() != "").then(value)


def can_be_time(dtype: pl.DataType, formats: tuple[str, ...]) -> bool:
    """Whether values of this type can tell a time; numbers only as an epoch."""
    if dtype.is_numeric():
        return any(each in EPOCHS for each in formats)
    return isinstance(dtype, pl.Datetime) or dtype in {pl.Date, pl.String, pl.Null}


def convert(
    value: pl.Expr, dtype: pl.DataType, wanted: pl.DataType, zone: str, formats: tuple[str, ...]
) -> pl.Expr:
    """``value`` of type ``dtype`` as ``wanted``, null where it does not convert without loss.

    Args:
        value: The value as read.
        dtype: Its type.
        wanted: A type of the event contract, or Boolean.
        zone: Time zone of times that do not tell theirs.
        formats: How times are written as text or numbers; ISO 8601 where empty.
    """
    if wanted == MOMENT:
        return as_moment(value, dtype, zone, formats)
    if wanted.is_numeric():
        return _as_number(value, dtype, wanted)
    if wanted == pl.Boolean and dtype == pl.String:
        lowered = value.str.strip_chars().str.to_lowercase()
        return lowered.replace_strict(
            ["true", "t", "yes", "1", "false", "f", "no", "0"],
            [True] * 4 + [False] * 4,
            default=None,
            return_dtype=pl.Boolean,
        )
    return value.cast(wanted, strict=False)


def as_moment(
    value: pl.Expr, dtype: pl.DataType, zone: str, formats: tuple[str, ...] = ()
) -> pl.Expr:
    """A time of any kind as a moment (UTC, microseconds); null where it tells none.

    A local time that a change of clocks skips tells none; one that it repeats is taken to
    be the later, since nothing may seem known too early.
    """
    epochs = [_epoch(value, dtype, each) for each in formats if each in EPOCHS]
    if dtype == pl.String:
        written = [_written(value, each, zone) for each in formats if each not in EPOCHS]
        return pl.coalesce(*epochs, *(written or ([] if epochs else _iso(value, zone))))
    if dtype == pl.Date:
        return _in_zone(value.cast(pl.Datetime("us")), zone)
    if isinstance(dtype, pl.Datetime):
        return value.cast(MOMENT) if dtype.time_zone else _in_zone(value, zone)
    return pl.coalesce(*epochs) if epochs else pl.lit(None, MOMENT)


def _epoch(value: pl.Expr, dtype: pl.DataType, unit: str) -> pl.Expr:
    number = value.cast(pl.Float64 if dtype == pl.String else dtype, strict=False)
    return (number * EPOCHS[unit]).cast(pl.Int64, strict=False).cast(MOMENT)


def _iso(value: pl.Expr, zone: str) -> list[pl.Expr]:
    text = value.str.strip_chars().str.replace(" ", "T", literal=True)
    offset = text.str.to_datetime(ISO_OFFSET, time_unit="us", time_zone="UTC", strict=False)
    return [offset, *(_written(text, each, zone) for each in ISO)]


def _written(value: pl.Expr, pattern: str, zone: str) -> pl.Expr:
    text = value.str.strip_chars()
    if "%z" in pattern or "%#z" in pattern or "%:z" in pattern:
        return text.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
    return _in_zone(text.str.to_datetime(pattern, time_unit="us", strict=False), zone)


def _in_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    local = naive.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    return local.dt.convert_time_zone("UTC").cast(MOMENT)


def _as_number(value: pl.Expr, dtype: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """A finite number; for whole-number types only if it is whole."""
    if wanted.is_integer() and (dtype.is_integer() or dtype in {pl.Boolean, pl.Null}):
        return value.cast(wanted, strict=False)
    text = value.str.strip_chars() if dtype == pl.String else value
    number = text.cast(pl.Float64, strict=False)
    finite = pl.when(number.is_finite()).then(number)
    if not wanted.is_integer():
        return finite.cast(wanted)
    whole = pl.when(finite == finite.round()).then(finite).cast(wanted, strict=False)
    # Text is tried as a whole number first: doubles lose digits past 2**53.
    return pl.coalesce(text.cast(wanted, strict=False), whole) if dtype == pl.String else whole
