"""Times of a clock on the wall become moments, where clocks are put forward and back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from perdura.sources.events import MOMENT

_LOCAL = pl.Datetime("us")


def in_zone(local: pl.Series, zones: str | pl.Series) -> pl.DataFrame:
    """``moment`` of each local time, and ``earlier`` where clocks showed it twice.

    Of the two the later is the moment, since nothing may seem known too early. A time that clocks
    skipped is none; but a midnight that they skipped is the first instant of its day.

    Args:
        local: Date-times without a zone.
        zones: One for all, or one for each; a zone that is none gives null.
    """
    if isinstance(zones, str):
        return _in_one_zone(local, zones)
    result = pl.DataFrame(schema={"moment": MOMENT, "earlier": MOMENT}).clear(len(local))
    for zone in zones.unique().drop_nulls():
        places = (zones == zone).fill_null(value=False).arg_true()
        if is_zone(zone):
            found = _in_one_zone(local.gather(places), zone)
            result = result.with_columns(
                result[n].scatter(places, found[n]) for n in result.columns
            )
    return result


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def first_instants(days: pl.Series, zone: str) -> pl.Series:
    """The moment at which each day begins in a zone."""
    return in_zone(days.cast(_LOCAL), zone)["moment"]


def _in_one_zone(local: pl.Series, zone: str) -> pl.DataFrame:
    if zone == "UTC":
        return pl.DataFrame({"moment": local.dt.replace_time_zone("UTC")}).with_columns(
            pl.lit(None, MOMENT).alias("earlier")
        )
    later, earlier = (
        local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
        .dt.convert_time_zone("UTC")
        .cast(MOMENT)
        for which in ("latest", "earliest")
    )
    midnight = local.dt.time() == datetime.min.time()
    skipped = (later.is_null() & midnight.fill_null(value=False)).arg_true()
    if not skipped.is_empty():
        starts = [
            _day_start(midnight_skipped, ZoneInfo(zone))
            for midnight_skipped in local.gather(skipped)
        ]
        later = later.scatter(skipped, pl.Series(starts, dtype=MOMENT))
        earlier = earlier.scatter(skipped, pl.Series(starts, dtype=MOMENT))
    return pl.DataFrame({"moment": later, "earlier": earlier}).with_columns(
        pl.when(pl.col("earlier") < pl.col("moment")).then("earlier").alias("earlier")
    )


def _day_start(midnight: datetime, zone: ZoneInfo) -> datetime:
    """When clocks were put forward over a midnight: the first instant after."""
    before, after = (midnight.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        skipped = middle.astimezone(zone).replace(tzinfo=None) >= midnight
        before, after = (before, middle) if skipped else (middle, after)
    return after.replace(microsecond=0)


def was_skipped(local_time: str, zone: str) -> bool:
    """Whether clocks of a zone never showed a time; not of what is none, or tells its offset."""
    try:
        local, there = datetime.fromisoformat(local_time), ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    if local.tzinfo:
        return False
    shown = local.replace(tzinfo=there).astimezone(UTC).astimezone(there)
    return shown.replace(tzinfo=None) != local
