"""Missed nights are made up once, oldest first, by the version that was champion then."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perdura.flows.configuration.night_calendar import MissedNights
from perdura.flows.scheduling.due_nights import missed_by, score_due_nights
from perdura.flows.scheduling.health import read_health, write_health
from perdura.flows.scheduling.lock import AlreadyServed, serving
from perdura.flows.scheduling.record import ScheduleRecord, give_up, install, read_record
from perdura.flows.score_nightly import score_nightly, wait_until
from perdura.flows.settings import Settings
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.risk.table import published_dates, read

DAY = timedelta(days=1)


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    """A home whose schedule was installed four days ago."""
    home = shutil.copytree(trained, tmp_path / "home")
    installed(home, datetime.now(UTC) - 4 * DAY)
    return home


def installed(home: Path, moment: datetime) -> None:
    record = ScheduleRecord(installed_at=moment)
    text = f'{{"installed_at": "{record.installed_at.isoformat()}", "given_up": {{}}}}'
    (home / "data" / "schedule.json").write_text(text)


def promoted_at(home: Path, version: str, moment: datetime) -> None:
    with mlflow_at(home) as client:
        client.set_model_version_tag("churn", version, "promoted_at", moment.isoformat())


def test_missed_nights_are_scored_oldest_first_by_the_champion_of_then(home):
    settings, now = Settings(home=home), datetime.now(UTC)
    due = settings.nights.newest_due(now)
    promoted_at(home, "1", settings.nights.due(due - 2 * DAY))
    done = score_due_nights(home=home)
    assert [night.scored_on for night in done.scored] == [due - 2 * DAY, due - DAY, due]
    assert {night.model_version for night in done.scored} == {"1"}
    assert list(done.given_up) == [due - 3 * DAY]
    assert "no model had been promoted by then" in done.given_up[due - 3 * DAY]
    assert published_dates(settings.risk_url) == {due - 2 * DAY, due - DAY, due}
    assert "fitted on later outcomes" not in str(read(settings.risk_url)["degraded"].iloc[0])
    again = score_due_nights(home=home, only_missed=True)
    assert (again.scored, again.given_up) == ((), {})  # each is run once


def test_a_run_is_the_night_of_the_date_it_is_given_and_of_no_other(home):
    day = Settings(home=home).nights.newest_due(datetime.now(UTC)) - 2 * DAY
    done = score_due_nights(day, home)
    assert [night.scored_on for night in done.scored] == [day]


def test_a_missed_night_that_fails_is_given_up_and_the_next_is_scored(home):
    settings = Settings(home=home)
    due = settings.nights.newest_due(datetime.now(UTC))
    promoted_at(home, "1", settings.nights.due(due - 9 * DAY))
    # The newest extract is far behind, so that the first one cannot be scored without a mapping.
    (home / "perdura.toml").write_text("stale_after_days = 7\n")
    with pytest.raises(Exception, match="extracted until 2026-11-01 only"):
        score_due_nights(home=home)
    record = read_record(home)
    assert record
    assert sorted(record.given_up) == [due - 3 * DAY, due - 2 * DAY, due - DAY]
    assert "extracted until 2026-11-01 only" in record.given_up[due - DAY]


@pytest.mark.parametrize(("limit", "made_up", "skipped"), [(7, 4, 0), (2, 2, 2), (0, 0, 4)])
def test_more_than_the_limit_is_skipped(home, limit, made_up, skipped, monkeypatch):
    monkeypatch.setenv("PERDURA_MAKE_UP_NIGHTS", str(limit))
    missed = missed_by(Settings(home=home), datetime.now(UTC))
    assert (len(missed.make_up), len(missed.too_many)) == (made_up, skipped)


def test_nothing_is_missed_before_the_schedule_is_installed(tmp_path):
    settings, now = Settings(home=tmp_path), datetime.now(UTC)
    assert missed_by(settings, now) == MissedNights()
    install(tmp_path)
    assert missed_by(settings, now) == MissedNights()
    assert len(missed_by(settings, now + 3 * DAY).make_up) == 3


def test_nights_that_were_let_go_are_not_missed(home):
    settings, now = Settings(home=home), datetime.now(UTC)
    due = settings.nights.newest_due(now)
    score_nightly(due - DAY, home)
    assert missed_by(settings, now).make_up == (due,)


def test_what_was_given_up_is_kept_beside_what_was_before(tmp_path):
    day = datetime.now(UTC).date()
    give_up(tmp_path, [day], "this")
    give_up(tmp_path, [day + DAY], "that")
    record = read_record(tmp_path)
    assert record
    assert record.given_up == {day: "this", day + DAY: "that"}


def test_a_run_that_starts_early_waits_for_its_moment():
    moment = datetime.now(UTC) + timedelta(seconds=0.4)
    wait_until(moment, moment.date())
    assert datetime.now(UTC) >= moment


def test_a_night_to_come_is_refused_at_once(home):
    with pytest.raises(ValueError, match="give a day that has come"):
        score_nightly(datetime.now(UTC).date() + 2 * DAY, home)


def test_a_schedule_that_has_stopped_or_hangs_is_not_well(tmp_path):
    now = datetime.now(UTC)
    assert "no schedule was ever started" in read_health(tmp_path, now).problems[0]
    with serving(tmp_path):
        write_health(tmp_path, [])
        assert read_health(tmp_path, now).problems == ()
        assert "it hangs, or has just started" in read_health(tmp_path, now + 3 * DAY).problems[0]
        with pytest.raises(AlreadyServed, match="another perdura schedule"), serving(tmp_path):
            pass
    # However it ended, and however lately it looked.
    assert "the schedule is not running" in read_health(tmp_path, now).problems[0]
