"""Whether the schedule is well: written by ``perdura schedule``, read by ``--health``."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from perdura.flows.scheduling.lock import is_served
from perdura.flows.scheduling.record import write_json

_FILE = Path("data") / "schedule-health.json"

#: The schedule looks every half minute: what is older was written by one that has stopped.
_STALE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleHealth:
    """What a look at the schedule found.

    Attributes:
        checked_at: When it was.
        problems: What is wrong and what to do, a sentence each; none if all is well.
    """

    checked_at: datetime
    problems: tuple[str, ...]


def write_health(home: Path, problems: Sequence[str]) -> None:
    """Keep what a look has found."""
    now = datetime.now(UTC)
    write_json(home / _FILE, {"checked_at": now.isoformat(), "problems": list(problems)})


def read_health(home: Path, now: datetime) -> ScheduleHealth:
    """What the last look found; that there is no schedule running is a problem, too."""
    file = home / _FILE
    if not file.exists():
        return ScheduleHealth(checked_at=now, problems=(f"no schedule was ever started in {home}",))
    stored = json.loads(file.read_text(encoding="utf-8"))
    checked_at, problems = datetime.fromisoformat(stored["checked_at"]), stored["problems"]
    if not is_served(home):
        stopped = f"the schedule is not running: its last look was at {checked_at:%Y-%m-%d %H:%M}"
        problems = [f"{stopped} UTC. Start perdura schedule again", *problems]
    elif now - checked_at > _STALE:
        hangs = f"the schedule has not looked since {checked_at:%Y-%m-%d %H:%M} UTC: it hangs, or"
        problems = [f"{hangs} has just started. Restart it if this stays", *problems]
    return ScheduleHealth(checked_at=checked_at, problems=tuple(problems))
