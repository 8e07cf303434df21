"""What the schedule knows of a home across its own restarts: ``<home>/data/schedule.json``."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

_FILE = Path("data") / "schedule.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """When the schedule was installed, and the nights that it will not try again.

    Attributes:
        installed_at: No night that was due before is made up.
        given_up: Why, in words, by the date of the night.
    """

    installed_at: datetime
    given_up: dict[date, str] = field(default_factory=dict)


def read_record(home: Path) -> ScheduleRecord | None:
    """The record of a home; ``None`` where no schedule was ever started."""
    file = home / _FILE
    if not file.exists():
        return None
    stored = json.loads(file.read_text(encoding="utf-8"))
    return ScheduleRecord(
        installed_at=datetime.fromisoformat(stored["installed_at"]),
        given_up={date.fromisoformat(day): why for day, why in stored["given_up"].items()},
    )


def install(home: Path) -> ScheduleRecord:
    """The record of a home, written now where there is none."""
    record = read_record(home)
    if record is None:
        record = ScheduleRecord(installed_at=datetime.now(UTC))
        _write(home, record)
    return record


def give_up(home: Path, days: Iterable[date], why: str) -> None:
    """Record that nights are not tried again, and why."""
    record = install(home)
    given_up = record.given_up | dict.fromkeys(days, why)
    _write(home, ScheduleRecord(installed_at=record.installed_at, given_up=given_up))


def _write(home: Path, record: ScheduleRecord) -> None:
    write_json(
        home / _FILE,
        {
            "installed_at": record.installed_at.isoformat(),
            "given_up": {day.isoformat(): why for day, why in sorted(record.given_up.items())},
        },
    )


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(file)
