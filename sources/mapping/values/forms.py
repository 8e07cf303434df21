"""Forms that times are written in: ISO 8601, seconds since 1970, strptime patterns."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl

from perdura.sources.events import MOMENT
from perdura.sources.mapping.values.clocks import in_zone
from perdura.sources.mapping.values.iso import any_iso, common_iso, split_zone

#: The least moment that is plausible, and how far ahead of an extract's end the greatest is.
SINCE, AHEAD = datetime(1990, 1, 1, tzinfo=UTC), timedelta(days=50 * 365.25)

#: How many of each there are in a second.
EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}

#: Among other formats: as ISO 8601 writes times.
ISO = "iso"

#: What a form makes of texts: ``moment`` and ``earlier``, null where it is not theirs.
Reader = Callable[[pl.Series], pl.DataFrame]


def readers_of(formats: Sequence[str], zone: str, until: datetime) -> list[Reader]:
    """A reader for each form, in their order.

    Args:
        formats: As ``time_formats`` of an input; ISO 8601 where empty.
        zone: Time zone of times that do not tell theirs.
        until: Of the extract: numbers that count to more than 50 years after it are no times.
    """
    iso: list[Reader] = [partial(common_iso, zone=zone), partial(any_iso, zone=zone)]
    readers: list[Reader] = []
    for form in formats or [ISO]:
        if form == ISO:
            readers += iso
        else:
            readers.append(_epoch(form, until) if form in EPOCHS else _format(form, zone))
    return readers


def _epoch(unit: str, until: datetime) -> Reader:
    """Numbers since 1970; those out of any range are read as what lies just before 1990."""
    many = EPOCHS[unit]
    low, high = (int(bound.timestamp()) * many for bound in (SINCE, until + AHEAD))

    def read(values: pl.Series) -> pl.DataFrame:
        whole = values.cast(pl.Int64, strict=False)
        number = values.cast(pl.Float64, strict=False)
        scaled = pl.col("whole") * (10**6 // many) if many <= 10**6 else pl.col("whole") // 1000
        parts = (pl.col("number") / many * 10**6).round().cast(pl.Int64, strict=False)
        within = pl.col("number").is_between(low, high)
        exact = (pl.col("whole") == pl.col("number").floor()) & (pl.col("number") % 1 == 0)
        microseconds = (
            pl.when(within & (exact | (pl.col("whole").abs() > 2**53)))
            .then(scaled)
            .when(within)
            .then(parts)
            .when(pl.col("number").is_finite())
            .then(pl.lit(-1))
        )
        return pl.DataFrame({"whole": whole, "number": number}).select(
            microseconds.cast(pl.Int64).cast(MOMENT).alias("moment"),
            pl.lit(None, MOMENT).alias("earlier"),
        )

    return read


def _format(pattern: str, zone: str) -> Reader:
    """A strptime pattern. A zone may follow the time, or stand for ``%Z`` in the pattern."""
    bare = pattern.replace("%Z", "").strip()
    # After a blank it is taken off with a zone's name.
    glued = "Z" if bare.endswith(("SZ", "fZ", "MZ")) else ""
    for word in ("UTC", "GMT", "Z"):
        if bare.endswith((f" {word}", "SZ", "fZ", "MZ")) and bare.endswith(word):
            bare, zone = bare.removesuffix(word).strip(), "UTC"

    def read(texts: pl.Series) -> pl.DataFrame:
        if any(form in pattern for form in ("%z", "%#z", "%:z")):
            moment = texts.str.to_datetime(
                pattern, time_unit="us", time_zone="UTC", strict=False
            ).cast(MOMENT)
            return pl.DataFrame({"moment": moment}).with_columns(
                pl.lit(None, MOMENT).alias("earlier")
            )
        rest, zones = split_zone(texts, zone)
        local = rest.str.strip_suffix(glued).str.to_datetime(bare, time_unit="us", strict=False)
        return in_zone(local, zones)

    return read
