"""Values of Zendesk's exports, read: ids, moments, flags. What cannot be read is null."""

from collections.abc import Callable
from typing import Literal

import polars as pl

from perdura.sources.events import MOMENT

Kind = Literal["id", "time", "text", "flag"]

DTYPES: dict[Kind, pl.DataType] = {
    "id": pl.Int64(),
    "time": MOMENT,
    "text": pl.String(),
    "flag": pl.Boolean(),
}

#: How exports write moments, the usual ones first; the rest of a value is cut off before.
_PLAIN = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_ODD = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")
_WITH_OFFSET = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z")


def as_kind(values: pl.Expr, kind: Kind) -> pl.Expr:
    """The values as ``DTYPES`` has it; null where blank, or where they are none of the kind."""

    def read(series: pl.Series) -> pl.Series:
        if series.dtype == pl.String:
            series = series.str.strip_chars()
            series = series.set(series == "", None)
        return _READERS[kind](series)

    return values.map_batches(read, return_dtype=DTYPES[kind], is_elementwise=True)


def _ids(values: pl.Series) -> pl.Series:
    """Whole numbers; 11071.0, as pandas writes them, is 11071. Those beyond 2^53 must be whole."""
    found = values.cast(pl.Int64, strict=False)
    left = (found.is_null() & values.is_not_null()).arg_true()
    if values.dtype != pl.String or left.is_empty():
        return found
    numbers = values.gather(left).str.extract(r"^(-?\d+)\.0+$").cast(pl.Int64, strict=False)
    return found.scatter(left, numbers)


def _moments(values: pl.Series) -> pl.Series:
    """Moments in UTC, of texts by the first form that fits, of numbers as seconds since 1970."""
    if values.dtype.is_temporal():
        at = values.cast(pl.Datetime("us", getattr(values.dtype, "time_zone", None)))
        own = getattr(at.dtype, "time_zone", None)
        return at.dt.convert_time_zone("UTC") if own else at.dt.replace_time_zone("UTC")
    if values.dtype.is_numeric():
        return _since_1970(values.cast(pl.Int64))
    texts = values.cast(pl.String).str.strip_chars_end("ZUTC ")
    found = pl.Series(values.name, [None], MOMENT).new_from_index(0, len(values))
    for forms, zone in ((_PLAIN + _ODD, None), (_WITH_OFFSET, "UTC")):
        for form in forms:
            left = (found.is_null() & values.is_not_null()).arg_true()
            if left.is_empty():
                return found
            read = texts.gather(left).str.to_datetime(
                form, time_unit="us", time_zone=zone, strict=False
            )
            found = found.scatter(left, read if zone else read.dt.replace_time_zone("UTC"))
    left = (found.is_null() & values.is_not_null()).arg_true()
    seconds = texts.gather(left).str.extract(r"^(\d{9,11})$").cast(pl.Int64)
    return found.scatter(left, _since_1970(seconds))


def _since_1970(seconds: pl.Series) -> pl.Series:
    return (seconds * 1_000_000).cast(MOMENT)


def _flags(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean:
        return values
    words = pl.select(values.cast(pl.String).str.to_lowercase()).to_series()
    yes, no = words.is_in(["true", "t", "1"]), words.is_in(["false", "f", "0"])
    return pl.select(pl.when(yes).then(True).when(no).then(False)).to_series().alias(values.name)


_READERS: dict[Kind, Callable[[pl.Series], pl.Series]] = {
    "id": _ids,
    "time": _moments,
    "text": lambda values: values.cast(pl.String),
    "flag": _flags,
}
