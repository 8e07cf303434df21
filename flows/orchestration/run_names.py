"""What runs are called on Prefect's pages: of which night or date they are."""

from datetime import UTC, date, datetime
from typing import Any

from perdura.flows.settings import Settings


def night() -> str:
    """``night of 2026-11-02``, ``trial of 2026-11-02``."""
    given = _parameters()
    day = _date(given.get("scored_on"))
    if day is None:
        day = Settings.at(given.get("home")).nights.newest_known(datetime.now(UTC))
    kind = "trial" if given.get("trial") else "night"
    return f"{kind} of {day}"


def due_night() -> str:
    """``night of 2026-11-02, scheduled``, ``missed nights until 2026-11-02``."""
    given = _parameters()
    if scored_on := _date(given.get("scored_on")):
        return f"night of {scored_on}"
    due = Settings.at(given.get("home")).nights.newest_due(_scheduled())
    return (
        f"missed nights until {due}" if given.get("only_missed") else f"night of {due}, scheduled"
    )


def training() -> str:
    """``training until 2026-11-02``; by default of the day it is."""
    return f"training until {_date(_parameters().get('until')) or _scheduled().date()}"


def extract() -> str:
    """``extract until 2026-11-02``."""
    return f"extract until {_date(_parameters().get('until'))}"


def states() -> str:
    """``states of 2026-11-02 12:10``."""
    return f"states of {_scheduled():%Y-%m-%d %H:%M}"


def _parameters() -> dict[str, Any]:
    from prefect.runtime import flow_run

    return flow_run.parameters


def _scheduled() -> datetime:
    from prefect.runtime import flow_run

    return flow_run.scheduled_start_time or datetime.now(UTC)


def _date(given: date | str | None) -> date | None:
    return date.fromisoformat(given) if isinstance(given, str) else given
