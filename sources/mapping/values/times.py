"""Written times become moments (UTC, microseconds): each by the first form that is plausible.

Exports mix forms, and write 0 or 0000-00-00 for "never". A moment outside 1990 to 50 years ahead
is none: mostly seconds were taken for milliseconds, or the other way round.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from perdura.sources.events import MOMENT
from perdura.sources.mapping.checks.rules import FAULTS, fault
from perdura.sources.mapping.values.clocks import first_instants, in_zone
from perdura.sources.mapping.values.forms import AHEAD, EPOCHS, SINCE, Reader, readers_of

#: The rules that a value breaks that tells no moment, or one that cannot be.
UNPARSEABLE, IMPLAUSIBLE = "unparseable_time", "implausible_time"

#: What a parsed time is: the moment, the earlier one where clocks were put back, the rule broken.
PARSED = pl.Struct({"moment": MOMENT, "earlier": MOMENT, "fault": FAULTS})

_NEVER = r"^(0+([.]0+)?|0000-00-00.*)$"


def says_never(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether a value says that there is no time: 0, or 0000-00-00."""
    if dtype == pl.String:
        return value.str.strip_chars().str.contains(_NEVER)
    return (value == 0) if dtype.is_numeric() else pl.lit(value=False)


def plausible(moment: pl.Expr, until: datetime) -> pl.Expr:
    """Whether a moment lies between 1990 and 50 years after ``until``."""
    return moment.is_between(SINCE, until + AHEAD)


def moments(values: pl.Series, zone: str, formats: Sequence[str], until: datetime) -> pl.Series:
    """The values as ``PARSED``; all of it null where a value says that there is no time.

    Args:
        values: Text, numbers, dates, or date-times that tell no zone.
        zone: Time zone of times that do not tell theirs.
        formats: How they are written; ISO 8601 where empty.
        until: What is more than 50 years after it is no moment.
    """
    if values.dtype.is_temporal():
        local = in_zone(values.cast(pl.Datetime("us")), zone)
        return _judge(values, local, local["moment"].is_not_null(), until)
    if values.dtype.is_numeric() and any(form not in EPOCHS for form in formats):
        # Numbers that are dates as they are written: 20260131.
        whole = values.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(values.dtype) == values).fill_null(value=False)
        texts = pl.when(is_whole).then(whole.cast(pl.String)).otherwise(values.cast(pl.String))
        values = pl.select(texts).to_series()
    if values.dtype == pl.String:
        values = values.str.strip_chars()
        never = values.str.contains(_NEVER)
    else:
        never = values == 0
    values = pl.select(pl.when(~never).then(values)).to_series()
    return _first_plausible(values, readers_of(formats, zone, until), until)


def _first_plausible(values: pl.Series, readers: Sequence[Reader], until: datetime) -> pl.Series:
    """Each reader is asked only of what none before it could make sense of."""
    result = pl.DataFrame(schema={"moment": MOMENT, "earlier": MOMENT}).clear(len(values))
    read = values.is_null()
    left = values.is_not_null().arg_true()
    for reader in readers:
        if left.is_empty():
            break
        found = reader(values.gather(left))
        fits = found.select(plausible(pl.col("moment"), until).fill_null(value=False)).to_series()
        read = read.scatter(left.filter(found["moment"].is_not_null()), True)
        places = left.filter(fits)
        result = result.with_columns(
            result[name].scatter(places, found[name].filter(fits)) for name in result.columns
        )
        left = left.filter(~fits)
    return _judge(values, result, read, until)


def _judge(values: pl.Series, result: pl.DataFrame, read: pl.Series, until: datetime) -> pl.Series:
    """``PARSED``: a value that was read, and is no plausible moment, is implausible."""
    sound = plausible(pl.col("moment"), until).fill_null(value=False)
    broken = (
        pl.when(sound | pl.lit(values).is_null())
        .then(None)
        .when(pl.lit(read))
        .then(fault(IMPLAUSIBLE))
        .otherwise(fault(UNPARSEABLE))
    )
    return result.select(
        pl.struct(
            pl.when(sound).then("moment").alias("moment"),
            pl.when(sound).then("earlier").cast(MOMENT).alias("earlier"),
            broken.cast(FAULTS).alias("fault"),
        ).alias("parsed")
    ).to_series()


def first_instant_after(day_start: pl.Series, zone: str) -> pl.Series:
    """The first instant of the day after, of moments that are the first of theirs, else as is."""
    days = day_start.dt.convert_time_zone(zone).dt.date()
    starts = first_instants(days, zone)
    after = first_instants(days.dt.offset_by("1d"), zone)
    return pl.select(pl.when(starts == day_start).then(after).otherwise(day_start)).to_series()
