"""Watch a served schedule: report runs that do not appear, and make up nights that were missed."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from perdura.flows.configuration.night_calendar import MissedNights
from perdura.flows.runtime.progress import STDERR
from perdura.flows.scheduling.due_nights import missed_by
from perdura.flows.scheduling.health import write_health
from perdura.flows.scheduling.record import read_record
from perdura.flows.scheduling.runs import Schedule, is_at_work, is_run, make_run
from perdura.flows.settings import Settings
from perdura.risk.table import published_dates
from perdura.sources.counted import either

#: The deployment that scores nights.
NIGHTLY = "score-nightly/perdura"

_EVERY = 30.0  # seconds
#: A schedule takes effect so long after it is served.
_SETTLING = timedelta(minutes=1)
_WEEK = timedelta(days=7)


@contextmanager
def watched(settings: Settings, schedules: Sequence[Schedule]) -> Generator[None]:
    """Look at the schedule twice a minute, beside what the block does."""
    stop = Event()

    def watch() -> None:
        served_since, reported = datetime.now(UTC), set[str]()
        while not stop.is_set():
            problems = look(settings, schedules, served_since, datetime.now(UTC))
            for problem in problems:
                if problem not in reported:
                    STDERR.print(f"perdura: {problem}", soft_wrap=True)
            reported = set(problems)
            try:
                write_health(settings.home, problems)
            except OSError as error:
                STDERR.print(
                    f"perdura: the schedule's health cannot be written: {error}", soft_wrap=True
                )
            stop.wait(_EVERY)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def look(
    settings: Settings, schedules: Sequence[Schedule], served_since: datetime, now: datetime
) -> list[str]:
    """What is wrong with the schedule at ``now``, a sentence each; missed nights are made up.

    Args:
        settings: Of the home.
        schedules: What is served.
        served_since: When it began to be served; what was due before is not overdue.
        now: The moment of asking.
    """
    until = now - timedelta(minutes=settings.schedule.overdue_minutes)
    since = max(served_since + _SETTLING, until - _WEEK)
    try:
        overdue = [
            f"{schedule.name} was due at {due:%Y-%m-%d %H:%M} UTC and the Prefect server has made "
            "no run of it: its scheduler has stopped or cannot keep up. Look into the server's "
            "log, and restart the server"
            for schedule in schedules
            if (due := schedule.newest_due(since, until)) and not is_run(schedule.name, due)
        ]
        return overdue + missing_nights(settings, until)
    except Exception as error:  # whatever it is: the schedule goes on, and it is said
        return [f"the schedule cannot be checked ({type(error).__name__}): {error}"]


def missing_nights(settings: Settings, until: datetime) -> list[str]:
    """Make up the nights that were due by ``until`` and are missing; which, in words.

    While a run is under way, nothing is missing yet. A night that was given up is reported until
    a newer one is there.
    """
    missed = missed_by(settings, until)
    if is_at_work(NIGHTLY):
        return []
    if missed != MissedNights():
        make_run(NIGHTLY, {"home": str(settings.home.absolute()), "only_missed": True})
        days = ", ".join(map(str, missed.make_up)) or "none, as schedule.make_up_nights is 0"
        skipped = (
            f"; skipped: {len(missed.too_many)} older {either(len(missed.too_many), 'one', 'ones')}"
            if missed.too_many
            else ""
        )
        return [f"nights were missed; being made up: {days}{skipped}"]
    record, newest = read_record(settings.home), settings.nights.newest_due(until)
    if record is None or newest not in record.given_up:
        return []
    if newest in published_dates(settings.risk_url):  # by hand, since
        return []
    return [f"the night of {newest} was not scored: {record.given_up[newest]}"]
