"""Times as ISO 8601 writes them, and as databases and programs do in its name."""

import polars as pl

from perdura.sources.events import MOMENT
from perdura.sources.mapping.values.clocks import in_zone

_LOCAL = "%Y-%m-%dT%H:%M:%S%.f"
#: A zone after a time: 10:30 Europe/Madrid, 10:30 UTC, 10:30+01:00[Europe/Madrid].
_NAMED = r"(?:\s*\[([A-Za-z0-9_+/\-]+)\]|\s+([A-Za-z_]+/[A-Za-z0-9_+/\-]+|(?i:UTC|GMT|Z)))$"
_OFFSET = r"T.*?(Z|[+\-][0-9]{2}(?::?[0-9]{2})?)$"
#: An offset that no clock has: more than 18 hours.
_TOO_FAR = r"[+\-](?:18:?(?:0[1-9]|[1-5][0-9])|19|2[0-9])(?::?[0-9]{2})?$"

#: What brings other ways of writing to the commonest, in this order.
_FORMS = (
    (r"^(\S+)\s+([0-9+\-])", "${1}T${2}"),
    (r"\s+([+\-][0-9])", "${1}"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})(T|$)", "${1}-${2}-${3}${4}"),
    (r"T([0-9]{2})([0-9]{2})([0-9]{2})", "T${1}:${2}:${3}"),
    (r"T([0-9]{2})([0-9]{2})(Z|[+\-]|$)", "T${1}:${2}${3}"),
    (r"T([0-9]{2})(Z|[+\-]|$)", "T${1}:00${2}"),
    (r"T([0-9]{2}:[0-9]{2})(Z|[+\-]|$)", "T${1}:00${2}"),
    (r"(:[0-9]{2}),([0-9]+)", "${1}.${2}"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", "${1}T00:00:00"),
)


def common_iso(texts: pl.Series, zone: str) -> pl.DataFrame:
    """``moment`` and ``earlier`` of the commonest forms, quickly; null of the others."""
    text = texts.str.replace(" ", "T", literal=True)
    local = text.str.to_datetime(_LOCAL, time_unit="us", strict=False)
    days = texts.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
    result = in_zone(pl.select(pl.coalesce(local, days)).to_series(), zone)
    offset = text.str.to_datetime(f"{_LOCAL}%#z", time_unit="us", time_zone="UTC", strict=False)
    if offset.null_count() < len(offset):
        offset = offset.set(text.str.contains(_TOO_FAR).fill_null(value=False), None)
    return result.with_columns(pl.coalesce(offset.cast(MOMENT), "moment").alias("moment"))


def any_iso(texts: pl.Series, zone: str) -> pl.DataFrame:
    """``moment`` and ``earlier`` of all other forms: small letters, no seconds, short offsets,
    basic dates, weeks, days of a year, 24:00, and a zone's name at the end.
    """
    rest, zones = split_zone(texts, zone)
    text = _with_dates(rest.str.to_uppercase())
    for pattern, written in _FORMS:
        text = text.str.replace(pattern, written)
    midnight = text.str.contains(r"T24:00:00(\.0+)?(Z|[+\-]|$)").fill_null(value=False)
    text = text.str.replace("T24:00:00", "T00:00:00", literal=True)
    offset = text.str.extract(_OFFSET)
    text = pl.select(
        pl.when(offset.is_not_null())
        .then(text.str.strip_suffix(offset.fill_null("")))
        .otherwise(text)
    ).to_series()
    local = text.str.to_datetime(_LOCAL, time_unit="us", strict=False)
    local = pl.select(pl.when(midnight).then(local.dt.offset_by("1d")).otherwise(local)).to_series()
    result = in_zone(local, zones)
    by_offset = (local - _minutes(offset)).dt.replace_time_zone("UTC")
    return result.with_columns(
        pl.when(offset.is_not_null()).then(by_offset).otherwise("moment").alias("moment"),
        pl.when(offset.is_null()).then("earlier").alias("earlier"),
    )


def split_zone(texts: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """The texts without a zone's name at their end, and the zone of each."""
    found = texts.str.extract(_NAMED, 1), texts.str.extract(_NAMED, 2)
    named = pl.select(pl.coalesce(*found)).to_series()
    universal = named.str.to_uppercase().is_in(["UTC", "GMT", "Z"])
    zones = pl.select(
        pl.when(universal).then(pl.lit("UTC")).otherwise(pl.coalesce(named, pl.lit(zone)))
    ).to_series()
    return texts.str.replace(_NAMED, ""), zones


def _with_dates(text: pl.Series) -> pl.Series:
    """Weeks and days of the year as dates."""
    for whole, pattern in (
        (r"^([0-9]{4}-W[0-9]{2}-[1-7])(?:T|$)", "%G-W%V-%u"),
        (r"^([0-9]{4}-[0-9]{3})(?:T|$)", "%Y-%j"),
    ):
        named = text.str.extract(whole)
        places = named.is_not_null().arg_true()
        dates = named.gather(places).str.to_date(pattern, strict=False).dt.to_string("%Y-%m-%d")
        after = text.gather(places).str.strip_prefix(named.gather(places))
        text = text.scatter(places, dates + after)
    return text


def _minutes(offset: pl.Series) -> pl.Series:
    """How far clocks are ahead of UTC; null past 18 hours."""
    digits = offset.str.replace_all(r"[^0-9]", "").str.pad_end(4, "0")
    minutes = digits.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0) * 60
    minutes += digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    ahead = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    within = pl.when(minutes <= 18 * 60).then(ahead)
    return pl.select(pl.duration(minutes=within, time_unit="us")).to_series()
