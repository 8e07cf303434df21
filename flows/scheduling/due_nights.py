"""The scheduled run: score the night that is due, after those missed before it, oldest first."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from prefect.runtime import flow_run

from perdura.flows.configuration.night_calendar import MissedNights, missed_nights
from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.private_runs import private_flow
from perdura.flows.runtime.progress import STDERR
from perdura.flows.runtime.safe_text import is_ours
from perdura.flows.scheduling.record import give_up, read_record
from perdura.flows.score_nightly import ScoredNight, score_nightly
from perdura.flows.settings import Settings
from perdura.risk.table import published_dates
from perdura.sources.counted import counted, either
from perdura.sources.landing.locks import exclusive_lock

_NIGHTS = "nights"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNights:
    """What a scheduled run did.

    Attributes:
        scored: The published nights, oldest first.
        given_up: Why a missed night was not scored, in words, by its date.
    """

    scored: tuple[ScoredNight, ...]
    given_up: dict[date, str]


@private_flow(name="score-nightly", flow_run_name=run_names.due_night)
def score_due_nights(
    scored_on: date | None = None, home: Path | None = None, *, only_missed: bool = False
) -> DueNights:
    """Score the night for which this run is scheduled, and the missed ones before it.

    The date is that of the scheduled time in the business's zone, however early or late the run
    starts. Missed nights are those since the schedule was installed that are not in the risk
    table. Each is scored once, with the model version that was champion when it was due.

    Args:
        scored_on: Score the night of this date, and no other.
        home: Where everything is kept, if not where the settings say.
        only_missed: Score the missed nights, and the one due last only if it is missing, too.

    Raises:
        Exception: As ``score_nightly``, of the night that is due. A missed night that fails is
            recorded, and stops no other.
    """
    settings = Settings.at(home)
    if scored_on:
        return DueNights(scored=(score_nightly(scored_on, home),), given_up={})
    scheduled = flow_run.scheduled_start_time or datetime.now(UTC)
    due = settings.nights.newest_due(scheduled)

    def say() -> None:
        STDERR.print("  waiting for another night to end")

    with exclusive_lock(settings.home / "data", say, to=_NIGHTS):
        made_up = _make_up(settings, scheduled, None if only_missed else due)
        if only_missed:
            return made_up
        night = score_nightly(due, home)
        return DueNights(scored=(*made_up.scored, night), given_up=made_up.given_up)


def missed_by(settings: Settings, moment: datetime) -> MissedNights:
    """The nights due by ``moment``, since the installation, that are not in the risk table."""
    record = read_record(settings.home)
    if record is None:
        return MissedNights()
    published = published_dates(settings.risk_url)
    # Nights before the oldest in the table were let go (keep_nights_months), not missed.
    since = max([record.installed_at, *(settings.nights.due(day) for day in sorted(published)[:1])])
    due = settings.nights.due_after(since, moment)
    return missed_nights(due, published, record.given_up, settings.schedule.make_up_nights)


def _make_up(settings: Settings, moment: datetime, but: date | None) -> DueNights:
    """Score the missed nights one after the other; say which are skipped, and why."""
    missed = missed_by(settings, moment)
    limit = settings.schedule.make_up_nights
    why = (
        f"more than {counted(limit, 'night')} {either(limit, 'was', 'were')} missed, and older "
        "ones are skipped (schedule.make_up_nights)"
    )
    given_up = dict.fromkeys(missed.too_many, why)
    scored: list[ScoredNight] = []
    for day in (day for day in missed.make_up if day != but):
        made_up = _score_missed(settings, day)
        if isinstance(made_up, ScoredNight):
            scored.append(made_up)
        else:
            given_up[day] = made_up
    for day, reason in given_up.items():
        STDERR.print(f"  the night of {day} is not made up: {reason}")
        give_up(settings.home, [day], reason)
    return DueNights(scored=tuple(scored), given_up=given_up)


def _score_missed(settings: Settings, day: date) -> ScoredNight | str:
    """The night, or why it cannot be scored."""
    # Webhooks hear of the newest night only: older moves are no news. A source that is away makes
    # none of many nights wait; the night that is due next asks it again.
    newest = day == settings.nights.newest_due(datetime.now(UTC))
    then = settings.nights.due(day)
    try:
        return score_nightly(day, settings.home, champion_at=then, notify=newest, patient=False)
    except Exception as error:  # whatever it is: the next night is scored all the same
        return str(error) if is_ours(error) else type(error).__name__
