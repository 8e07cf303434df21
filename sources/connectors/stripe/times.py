"""Times as Stripe and its exports write them: seconds since 1970, or ISO 8601 in UTC."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_MOMENT = pl.Datetime("us", "UTC")
#: Seconds of the years that Stripe can mean: from 1990 to 2100.
_SECONDS = (631_152_000, 4_102_444_800)


def moments(rows: pl.DataFrame, times: Sequence[str], read_at: datetime) -> pl.DataFrame:
    """The rows with times as moments, ``read_at``, and ``unreadable``: the first that is none.

    ``read_at`` is when the row was synchronised, if it says so (``synced``), or when its file was.
    """
    read = rows.with_columns(_moment(rows[name]) for name in times)
    lost = [
        pl.when(rows[name].is_not_null() & read[name].is_null()).then(
            pl.lit(f"{name}: ") + rows[name]
        )
        for name in times
    ]
    first = pl.coalesce(*lost) if lost else pl.lit(None, pl.String)
    moment = pl.lit(read_at).dt.cast_time_unit("us")
    synced = pl.coalesce("synced", moment) if "synced" in times else moment
    return read.with_columns(first.alias("unreadable"), synced.cast(_MOMENT).alias("read_at"))


def _moment(texts: pl.Series) -> pl.Series:
    seconds = texts.cast(pl.Int64, strict=False)
    seconds = seconds.set(~seconds.is_between(*_SECONDS), None)
    moment = (seconds * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if (texts.is_not_null() & moment.is_null()).any():
        plain = texts.str.strip_chars().str.replace(r"(?i)( ?UTC|Z|[+]00:?00)$", "")
        plain = plain.str.replace("T", " ", literal=True)
        for form in _FORMATS:
            read = plain.str.to_datetime(form, strict=False, time_unit="us")
            moment = pl.select(pl.coalesce(moment, read.dt.replace_time_zone("UTC"))).to_series()
    return moment.alias(texts.name)
