"""The night is that of the date it was scheduled for, in the business's zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.flows.configuration.dates import midnight
from perdura.flows.configuration.night_calendar import MissedNights, NightCalendar, missed_nights

ZONES = ["UTC", "Europe/Madrid", "Europe/Athens", "America/New_York", "America/Santiago"]
ZONES += ["Africa/Cairo", "Asia/Tokyo", "America/Los_Angeles", "Australia/Lord_Howe"]
TWO = time(2)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NOV = [date(2026, 11, day) for day in range(1, 11)]


def scheduled_by_prefect(zone: str, start: datetime, days: int) -> list[datetime]:
    """The moments at which Prefect's own scheduler makes the runs."""
    import asyncio

    from prefect.server.schemas.schedules import CronSchedule

    cron = CronSchedule(cron=NightCalendar(TWO, zone).cron, timezone=zone)
    return [moment.astimezone(UTC) for moment in asyncio.run(cron.get_dates(days, start=start))]


@pytest.mark.parametrize("zone", ZONES)
def test_every_run_that_prefect_schedules_in_a_year_is_the_night_of_its_local_date(zone):
    # A year has both clock changes, also those that skip or repeat the hour itself.
    calendar, start = NightCalendar(TWO, zone), YEAR + timedelta(hours=12)
    runs = scheduled_by_prefect(zone, start, 365)
    nights = [calendar.newest_due(run) for run in runs]
    assert nights == [run.astimezone(ZoneInfo(zone)).date() for run in runs]
    assert nights == [nights[0] + timedelta(days=n) for n in range(365)]  # each once, none missing
    assert [calendar.due(night) for night in nights] == runs


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("UTC", datetime(2026, 7, 1, 2, tzinfo=UTC)),
        ("Europe/Madrid", datetime(2026, 7, 1, 0, tzinfo=UTC)),
        ("Europe/Athens", datetime(2026, 6, 30, 23, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 7, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_night_knows_what_was_known_by_midnight_and_never_what_is_to_come(zone, due):
    calendar, day = NightCalendar(TWO, zone), date(2026, 7, 1)
    assert calendar.due(day) == due
    assert calendar.as_of(day) == min(midnight(day), due)


@given(
    zone=st.sampled_from(ZONES),
    moment=st.integers(0, 2 * 365 * 24 * 60).map(lambda n: YEAR + timedelta(minutes=n)),
)
def test_the_newest_night_has_come_and_the_next_has_not(zone, moment):
    calendar = NightCalendar(TWO, zone)
    due, known = calendar.newest_due(moment), calendar.newest_known(moment)
    assert calendar.due(due) <= moment < calendar.due(due + timedelta(days=1))
    assert calendar.as_of(known) <= moment < calendar.as_of(known + timedelta(days=1))


@pytest.mark.parametrize(
    ("zone", "hours"), [("UTC", 28), ("America/Los_Angeles", 35), ("Asia/Tokyo", 19)]
)
def test_a_night_is_current_until_two_hours_after_the_next_run(zone, hours):
    # 02:00 in Los Angeles is 09:00 UTC in summer; 02:00 in Tokyo is 17:00 UTC the day before.
    calendar = NightCalendar(TWO, zone)
    assert calendar.valid_for(date(2026, 7, 1)) == timedelta(hours=hours)


def test_nights_are_due_after_the_installation_only():
    calendar = NightCalendar(TWO, "Europe/Madrid")
    installed = datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert calendar.due_after(installed, installed) == []
    assert calendar.due_after(installed, datetime(2026, 11, 3, 0, 59, tzinfo=UTC)) == NOV[1:2]
    assert calendar.due_after(installed, datetime(2026, 11, 3, 1, 0, tzinfo=UTC)) == NOV[1:3]


@pytest.mark.parametrize(
    ("published", "given_up", "limit", "missed"),
    [
        (NOV[:3], [], 7, MissedNights(tuple(NOV[3:]))),
        ([NOV[1], NOV[9]], [NOV[2]], 7, MissedNights((NOV[0], *NOV[3:9]))),  # also between others
        ([], [], 7, MissedNights(tuple(NOV[3:]), tuple(NOV[:3]))),  # the newest seven
        ([], [], 0, MissedNights((), tuple(NOV))),
        (NOV, [], 7, MissedNights()),
    ],
)
def test_missed_nights_are_those_due_and_not_in_the_table(published, given_up, limit, missed):
    assert missed_nights(NOV, published, given_up, limit) == missed
