"""How the times of a column are written; where day and month could change places, that is said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.sources.guesses.names import snake_case
from perdura.sources.mapping.values.times import moments

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y", "%m.%d.%y", "%m-%d-%y")
_WORDS = ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%Y/%m/%d", "%Y.%m.%d")
#: Day, month and year by each mark; of a version such as 1.2.3 the last is no year.
_NUMBERS_BY = {
    mark: rf"^[0-9]{{1,2}}\{mark}[0-9]{{1,2}}\{mark}([0-9]{{2}}|[0-9]{{4}})( |T|$)"
    for mark in "/.-"
}
#: Names of columns of which plain numbers may be times.
_OF_TIME = re.compile(
    r"(^|_)(at|on|date|day|time|timestamp|ts|created|updated|start|end|since)($|_)"
)
#: From this share on values are times; others are rejected, and said.
_MOST = 0.9
_EPOCHS = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us", 19: "epoch_ns"}


@dataclass(frozen=True, slots=True)
class TimeForms:
    """How times are written.

    Attributes:
        formats: As ``time_formats`` has them; nothing of ISO 8601.
        tells_hours: Whether any value tells an hour; else all are days.
        tells_zone: Whether the values tell their time zone.
        could_be: Where no value tells day and month apart: the formats of the other order.
        read: The share of the values that are times.
        least: The earliest.
        greatest: The latest.
    """

    formats: tuple[str, ...]
    tells_hours: bool
    tells_zone: bool
    could_be: tuple[str, ...] = ()
    read: float = 1.0
    least: datetime | None = None
    greatest: datetime | None = None


def time_forms(name: str, values: pl.Series, until: datetime) -> TimeForms | None:
    """How the values of a column are written if they are times; ``None`` if they are not."""
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime | pl.Date):
        days = isinstance(dtype, pl.Date)
        hours = not days and bool((values.drop_nulls().dt.time() != datetime.min.time()).any())
        zone = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
        return _described(values, (), until, hours=hours, zone=zone)
    if dtype.is_temporal():
        return None
    values = values.drop_nulls()
    if values.is_empty():
        return None
    if values.str.contains(r"^[0-9]+(\.0+)?$").all():
        return _of_numbers(name, values, until)
    looks_like_one = values.str.contains(r"[0-9]{1,4}[-/., ]|^[0-9]{8}T").any()
    return _greedy(values, until) if looks_like_one else None


def _of_numbers(name: str, values: pl.Series, until: datetime) -> TimeForms | None:
    """Numbers are times only where the column's name says so too."""
    if not _OF_TIME.search(snake_case(name)):
        return None
    lengths = values.str.replace(r"\.0+$", "").str.len_chars()
    length = int(lengths.mode()[0])
    form = _EPOCHS.get(length) or ("%Y%m%d" if length == 8 else None)
    if form is None or _share(values, [form], until) < _MOST:
        return None
    return _described(values, (form,), until, hours=form != "%Y%m%d", zone=form != "%Y%m%d")


def _greedy(values: pl.Series, until: datetime) -> TimeForms | None:
    """The form that most values have, then that of most others, until nearly all are read."""
    formats: list[str] = []
    could_be: tuple[str, ...] = ()
    rest = values
    while not rest.is_empty() and len(formats) < 3:
        shares = {form: _share(rest, [form], until) for form in _candidates(rest)}
        best = max(shares, key=lambda form: shares[form], default=None)
        if best is None or shares[best] < 0.02:
            break
        twin = _other_order(best)
        if twin and abs(shares.get(twin, 0.0) - shares[best]) < 1e-9:
            could_be = (*could_be, twin)
        formats.append(best)
        rest = rest.filter(_unread(rest, [best], until))
    read = 1 - len(rest) / len(values)
    if not formats or read < _MOST:
        return None
    only_iso = formats == ["iso"]
    zone = bool(values.str.contains(r"(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})$").all())
    hours = bool(values.str.contains(r"[0-9]:[0-9]{2}").any())
    made = _described(values, () if only_iso else tuple(formats), until, hours=hours, zone=zone)
    return TimeForms(made.formats, hours, zone, could_be, read, made.least, made.greatest)


def _candidates(values: pl.Series) -> list[str]:
    """Forms worth trying, by what the values look like; of equals the first wins."""
    forms = ["iso"]
    clocks = _CLOCKS if values.str.contains(r"[0-9]:[0-9]").any() else _CLOCKS[:1]
    mark = next((one for one in "/.-" if values.str.contains(_NUMBERS_BY[one]).any()), None)
    if mark:
        days = (day for days in (_DAY_FIRST, _MONTH_FIRST) for day in days if mark in day)
        forms += [day + clock for day in days for clock in clocks]
    if values.str.contains(r"[A-Za-z]{3}|^[0-9]{4}[/.]").any():
        forms += [word + clock for word in _WORDS for clock in clocks]
    return forms


def _other_order(form: str) -> str | None:
    """The same form with day and month changed."""
    for day, month in zip(_DAY_FIRST, _MONTH_FIRST, strict=True):
        if form.startswith(day):
            return month + form.removeprefix(day)
        if form.startswith(month):
            return day + form.removeprefix(month)
    return None


def _unread(values: pl.Series, formats: Sequence[str], until: datetime) -> pl.Series:
    return moments(values, "UTC", formats, until).struct.field("moment").is_null()


def _share(values: pl.Series, formats: Sequence[str], until: datetime) -> float:
    return 1 - float(_unread(values, formats, until).sum()) / len(values)


def _described(
    values: pl.Series, formats: tuple[str, ...], until: datetime, *, hours: bool, zone: bool
) -> TimeForms:
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        found = values.drop_nulls()
    else:
        found = moments(values, "UTC", formats, until).struct.field("moment").drop_nulls()
    least, greatest = found.min(), found.max()
    return TimeForms(
        formats,
        hours,
        zone,
        least=least if isinstance(least, datetime) else None,
        greatest=greatest if isinstance(greatest, datetime) else None,
    )
