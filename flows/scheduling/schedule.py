"""All flows on their schedule, served from one process."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from perdura.flows.orchestration.parent_process import be_the_schedule
from perdura.flows.scheduling.due_nights import score_due_nights
from perdura.flows.scheduling.due_pushes import push_flow
from perdura.flows.scheduling.due_states import refresh_due_states
from perdura.flows.scheduling.due_training import train_due
from perdura.flows.scheduling.due_webhooks import webhooks_flow
from perdura.flows.scheduling.record import install
from perdura.flows.scheduling.runs import Schedule, clear_runs
from perdura.flows.scheduling.watch import watched
from perdura.flows.settings import Settings

#: Minute, hour, day, month, day of the week, in the settings' time zone.
WEEKLY, OFTEN = "0 4 * * 1", "*/10 * * * *"
#: Where there are webhooks, and where there are help desks to push to.
FIVE_MINUTES, HOURLY = "*/5 * * * *", "25 * * * *"

#: One at a time: a night or a training waits for the one before it.
_QUEUE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)
#: One at a time: what is due again in minutes gives way to the one that is under way.
_CANCEL = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def deployments(settings: Settings) -> tuple[RunnerDeployment, ...]:
    """What is served, each as ``<flow>/perdura``."""
    made = [
        flow.to_deployment(
            "perdura",
            schedule=Cron(cron, timezone=settings.schedule.timezone),
            parameters={"home": str(settings.home.absolute())},
            concurrency_limit=_QUEUE if flow in (score_due_nights, train_due) else _CANCEL,
        )
        for flow, cron in _served(settings)
    ]
    # Each would be a coroutine only where there is a running loop.
    return tuple(cast("list[RunnerDeployment]", made))


def _served(settings: Settings) -> list[tuple[Flow[..., Any], str]]:
    """The flows, and when they are due."""
    served: list[tuple[Flow[..., Any], str]] = [
        (score_due_nights, settings.nights.cron),
        (train_due, WEEKLY),
        (refresh_due_states, OFTEN),
    ]
    if settings.integrations.webhooks:
        served.append((webhooks_flow, FIVE_MINUTES))
    if settings.integrations.push:
        served.append((push_flow, HOURLY))
    return served


def hours() -> list[dict[str, str]]:
    """What is served, and when: ``name``, ``cron``, ``timezone``."""
    return [asdict(schedule) for schedule in _schedules(Settings())]


def _schedules(settings: Settings) -> list[Schedule]:
    return [
        Schedule(f"{flow.name}/perdura", cron, settings.schedule.timezone)
        for flow, cron in _served(settings)
    ]


def serve_flows(*, announced: bool = False) -> None:
    """Run all flows when they are due, until stopped; say so first, unless it has been said.

    Nights that were missed since the schedule was installed are made up. To be called while
    ``serving`` the home.
    """
    settings = Settings()
    schedules = _schedules(settings)
    install(settings.home)
    be_the_schedule()
    for schedule in schedules:
        clear_runs(schedule.name, keep_newest=schedule.cron == WEEKLY)
    if not announced:
        print("\n".join(announcement(settings, datetime.now(UTC))), flush=True)  # noqa: T201
    with watched(settings, schedules):
        # Prefect's message would explain Prefect's commands.
        serve(*deployments(settings), print_starting_message=False)


def announcement(settings: Settings, now: datetime) -> list[str]:
    """What the schedule does and when, the next night first, a line each."""
    nights, zone = settings.nights, settings.schedule.timezone
    night = nights.newest_due(now) + timedelta(days=1)
    hours, minutes = divmod(int((nights.due(night) - now).total_seconds()) // 60, 60)
    wait = f"in {hours} h {minutes} min"
    lines = [
        f"The next night is that of {night}, at {nights.hour:%H:%M} {zone}: {wait}.",
        f"Training: Mondays at 04:00 {zone}. States of subscribers: every ten minutes.",
    ]
    if settings.integrations.webhooks:
        lines.append("Webhooks: every five minutes.")
    if settings.integrations.push:
        lines.append(f"Pushes to {', '.join(settings.integrations.push)}: every hour.")
    return [
        *lines,
        "Runs until Ctrl-C. Is all well? perdura schedule --health. A night by hand: perdura score",
    ]
