"""Values of vendors' tables: what each text means, and what means nothing."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.connectors.cells import as_text, minor_units, moment, read_as

#: Python draws moments without a zone between these.
PLAUSIBLE = tuple(datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1990, 2060))


def one(expression: pl.Expr, **values: object):
    return pl.select(expression.alias("found")).item()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-31 08:20:39", (2026, 1, 31, 8, 20, 39)),
        ("2026-01-31T08:20:39.214Z", (2026, 1, 31, 8, 20, 39, 214_000)),
        ("2026-01-31 08:20:39.214 UTC", (2026, 1, 31, 8, 20, 39, 214_000)),
        ("2026-01-31 08:20:39 +02:00", (2026, 1, 31, 6, 20, 39)),
        ("2026-01-31T08:20:39-0330", (2026, 1, 31, 11, 50, 39)),
        ("2026-01-31 08:20:39+00", (2026, 1, 31, 8, 20, 39)),
        ("2026-01-31 08:20", (2026, 1, 31, 8, 20)),
        ("2026-01-31", (2026, 1, 31)),
        ("2026-02-30", None),
        ("31.01.2026", None),
        ("1767607200", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_moments_are_read_in_every_form_of_iso(text: str | None, read: tuple[int, ...] | None):
    wanted = datetime(*read, tzinfo=UTC) if read else None  # pyright: ignore[reportArgumentType]
    assert one(moment(pl.lit(text, pl.String))) == wanted


@given(st.datetimes(*PLAUSIBLE), st.integers(-14 * 4, 14 * 4))
def test_a_moment_that_python_writes_is_read_as_that_moment(local: datetime, quarters: int):
    zoned = local.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    for text in (zoned.isoformat(), zoned.isoformat(" ")):
        assert one(moment(pl.lit(text))) == zoned.astimezone(UTC)
    for dtype in (pl.Datetime("us"), pl.Datetime("us", "UTC"), pl.Datetime("us", "Asia/Tokyo")):
        column = pl.lit(local.replace(tzinfo=UTC)).dt.convert_time_zone("UTC")
        zone = dtype.time_zone
        column = column.dt.convert_time_zone(zone) if zone else column.dt.replace_time_zone(None)
        assert one(moment(as_text(column, dtype))) == local.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "kind", "read"),
    [
        (" 12.5 ", "number", 12.5),
        ("1e3", "number", 1000.0),
        ("1,5", "number", None),
        ("ten", "number", None),
        ("TRUE", "flag", True),
        ("f", "flag", False),
        ("maybe", "flag", None),
        ("  a b ", "text", "a b"),
        ("  ", "text", None),
    ],
)
def test_a_text_is_read_as_what_its_column_holds(text: str, kind, read: object):
    assert one(read_as(pl.lit(text), kind)) == read


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (12.5, "EUR", 1250),
        (0.29, "usd", 29),
        (1_000_000.07, "USD", 100_000_007),
        (1200.0, "JPY", 1200),
        (1.234, "KWD", 1234),
        (-5.0, "EUR", -500),
        (None, "EUR", None),
        (5.0, None, 500),
    ],
)
def test_amounts_are_in_the_minor_units_of_their_currency(
    amount: float | None, currency: str | None, minor: int | None
):
    found = minor_units(pl.lit(amount, pl.Float64), pl.lit(currency, pl.String))
    assert one(found) == minor
