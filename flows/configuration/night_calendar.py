"""When the night of each date is due, what it knows, and which nights are missing.

The night of a date is due at the settings' ``night_at`` on that date, in the business's zone. It
is named by that date whenever it starts: Prefect may start a run half a second early, and a queue
hours late.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from perdura.flows.configuration.dates import midnight

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NightCalendar:
    """The hour at which every night is due.

    Attributes:
        hour: The hour of the business.
        timezone: Its zone, e.g. ``Europe/Madrid``.
    """

    hour: time
    timezone: str

    def due(self, day: date) -> datetime:
        """When the night of ``day`` is due, UTC.

        Where clocks skip that hour, it is due as much later; where they repeat it, at the first.
        """
        return datetime.combine(day, self.hour, tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def as_of(self, day: date) -> datetime:
        """The night of ``day`` uses only what was known before: 00:00 UTC, or when it is due.

        East of UTC+2, 02:00 comes before 00:00 UTC of the same date; the night is then of the
        moment at which it is due.
        """
        return min(midnight(day), self.due(day))

    def newest_due(self, moment: datetime) -> date:
        """The newest date with a night due at ``moment`` or before."""
        return self._newest(moment, self.due)

    def newest_known(self, moment: datetime) -> date:
        """The newest date of which all that its night uses was known at ``moment``."""
        return self._newest(moment, self.as_of)

    def due_after(self, moment: datetime, until: datetime) -> list[date]:
        """The dates with nights due in ``(moment, until]``, oldest first."""
        first, last = self.newest_due(moment), self.newest_due(until)
        return [first + _DAY * days for days in range(1, (last - first).days + 1)]

    def valid_for(self, day: date) -> timedelta:
        """How long after 00:00 UTC of ``day`` its night is current: until 2 h after the next."""
        return self.due(day + _DAY) + timedelta(hours=2) - midnight(day)

    @property
    def cron(self) -> str:
        """The hour as a cron line, in the business's zone."""
        return f"{self.hour.minute} {self.hour.hour} * * *"

    def _newest(self, moment: datetime, comes: Callable[[date], datetime]) -> date:
        day = moment.astimezone(UTC).date() + _DAY  # no zone is further ahead
        while comes(day) > moment:
            day -= _DAY
        return day


@dataclass(frozen=True, slots=True)
class MissedNights:
    """Nights that were due and are not in the risk table.

    Attributes:
        make_up: Those to score now, oldest first.
        too_many: Older ones, beyond the limit: skipped.
    """

    make_up: tuple[date, ...] = ()
    too_many: tuple[date, ...] = ()


def missed_nights(
    due: Collection[date], published: Collection[date], given_up: Collection[date], limit: int
) -> MissedNights:
    """The nights of ``due`` that are neither published nor given up.

    Args:
        due: Dates since the schedule was installed.
        published: Nights in the risk table.
        given_up: Nights that were tried, or skipped, before.
        limit: Most nights that are made up, the newest.
    """
    missing = tuple(sorted(set(due) - set(published) - set(given_up)))
    cut = max(0, len(missing) - limit)
    return MissedNights(make_up=missing[cut:], too_many=missing[:cut])
