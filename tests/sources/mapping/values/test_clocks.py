"""Clocks on the wall: what they showed twice, never, or once, as the zone data of Python says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.values.clocks import first_instants, in_zone, is_zone
from perdura.sources.mapping.values.times import first_instant_after

LOCAL = pl.Datetime("us")
local = datetime.fromisoformat
ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "America/Santiago",  # clocks skip midnight
    "Asia/Beirut",  # too
    "Australia/Lord_Howe",  # put back by half an hour
    "Asia/Kolkata",
    "Pacific/Apia",  # lost a whole day in 2011
)
#: About the changes of clocks, where all that can go wrong goes wrong; and any time.
near_changes = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            local("2026-03-29"),
            local("2026-10-25"),
            local("2026-03-08"),
            local("2026-11-01"),
            local("2025-09-07"),
            local("2026-04-05"),
            local("2026-10-04"),
            local("2024-02-29"),
        ]
    ),
    st.integers(-30, 300),
)
locals_ = near_changes | st.datetimes(local("1990-01-01"), local("2060-01-01"))


def moments_of(time: datetime, zone: str) -> set[datetime]:
    """The moments at which clocks of a zone showed a time, by trying both readings."""
    there = ZoneInfo(zone)
    tried = {time.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return {moment for moment in tried if moment.astimezone(there).replace(tzinfo=None) == time}


@given(time=locals_, zone=st.sampled_from(ZONES))
def test_the_moment_is_the_later_of_those_that_clocks_showed(time: datetime, zone: str):
    found = in_zone(pl.Series([time], dtype=LOCAL), zone).row(0, named=True)
    shown = moments_of(time, zone)
    if shown:
        assert found["moment"] == max(shown)
        assert found["earlier"] == (min(shown) if len(shown) == 2 else None)
    elif (time.hour, time.minute, time.second, time.microsecond) != (0, 0, 0, 0):
        assert found == {"moment": None, "earlier": None}


@pytest.mark.parametrize(
    ("time", "zone", "later", "earlier"),
    [
        ("2026-10-25 02:30", "Europe/Madrid", "2026-10-25 01:30", "2026-10-25 00:30"),
        ("2026-11-01 01:00", "America/New_York", "2026-11-01 06:00", "2026-11-01 05:00"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04 15:15", "2026-04-04 14:45"),
        ("2026-10-25 03:00", "Europe/Madrid", "2026-10-25 02:00", None),
        ("2026-03-29 02:30", "Europe/Madrid", None, None),
    ],
)
def test_by_hand(time: str, zone: str, later: str | None, earlier: str | None):
    found = in_zone(pl.Series([local(time)], dtype=LOCAL), zone).row(0)
    assert found == tuple(one and local(one).replace(tzinfo=UTC) for one in (later, earlier))


@given(times=st.lists(locals_ | st.none(), max_size=6), zones=st.data())
def test_a_zone_for_each_reads_as_each_alone(times, zones):
    named = [zones.draw(st.sampled_from([*ZONES, "Nowhere/Land", None])) for _ in times]
    found = in_zone(pl.Series(times, dtype=LOCAL), pl.Series(named, dtype=pl.String))
    for row, (one, zone) in zip(found.rows(), zip(times, named, strict=True), strict=True):
        if zone is None or not is_zone(zone):
            assert row == (None, None)
        else:
            assert row == in_zone(pl.Series([one], dtype=LOCAL), zone).row(0)


@pytest.mark.parametrize(
    ("zone", "midnight", "moment"),
    [
        ("America/Santiago", local("2025-09-07"), local("2025-09-07 04:00")),
        ("Asia/Beirut", local("2026-03-29"), local("2026-03-28 22:00")),
        ("Europe/Madrid", local("2026-03-29"), local("2026-03-28 23:00")),
        ("Asia/Kolkata", local("2024-02-29"), local("2024-02-28 18:30")),
    ],
)
def test_a_day_begins_at_its_first_instant_though_clocks_skipped_midnight(zone, midnight, moment):
    days = pl.Series([midnight.date(), None], dtype=pl.Date)
    assert first_instants(days, zone).to_list() == [moment.replace(tzinfo=UTC), None]


@given(
    day=st.dates(local("1995-01-01").date(), local("2050-01-01").date()),
    zone=st.sampled_from(ZONES[:5]),
)
def test_the_day_after_begins_when_the_date_there_first_changes(day, zone):
    there = ZoneInfo(zone)
    start = first_instants(pl.Series([day], dtype=pl.Date), zone)
    after = first_instant_after(start, zone)[0]
    assert after.astimezone(there).date() == day + timedelta(days=1)
    assert (after - timedelta(microseconds=1)).astimezone(there).date() == day


def test_what_tells_an_hour_ends_then():
    noon = pl.Series([datetime(2026, 2, 28, 12, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC"))
    assert first_instant_after(noon, "Europe/Madrid").to_list() == noon.to_list()


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../etc/passwd", "Europe", "a\x00b"])
def test_no_zone(name: str):
    assert not is_zone(name)


def test_nothing_comes_of_nothing():
    none = pl.Series([], dtype=LOCAL)
    assert in_zone(none, "Europe/Madrid").shape == (0, 2)
    assert in_zone(none, pl.Series([], dtype=pl.String)).shape == (0, 2)
