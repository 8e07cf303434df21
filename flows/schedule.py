"""All flows on their schedule, served from one process."""

from typing import Any, cast

from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.moments import NIGHTLY_HOUR
from flows.push_flow import push_flow
from flows.refresh_states import refresh_states
from flows.score_nightly import score_nightly
from flows.settings import Settings
from flows.train_weekly import train_weekly
from flows.webhooks_flow import webhooks_flow

#: Minute, hour, day, month, day of the week, in the settings' time zone.
NIGHTLY, WEEKLY, OFTEN = f"0 {NIGHTLY_HOUR} * * *", "0 4 * * 1", "*/10 * * * *"
#: Where there are webhooks, and where there are help desks to push to.
FIVE_MINUTES, HOURLY = "*/5 * * * *", "25 * * * *"

# Who is still at work when the next is due goes on alone.
_ALONE = ConcurrencyLimitConfig(
    limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW, grace_period_seconds=600
)


def deployments(settings: Settings) -> tuple[RunnerDeployment, ...]:
    """What is served, each as ``<flow>/perdura``."""
    return tuple(_deployment(flow, cron, settings) for flow, cron in _served(settings))


def _served(settings: Settings) -> list[tuple[Flow[..., Any], str]]:
    """The flows, and when they are due."""
    served: list[tuple[Flow[..., Any], str]] = [
        (score_nightly, NIGHTLY),
        (train_weekly, WEEKLY),
        (refresh_states, OFTEN),
    ]
    if settings.webhooks:
        served.append((webhooks_flow, FIVE_MINUTES))
    if settings.push:
        served.append((push_flow, HOURLY))
    return served


def _deployment(flow: Flow[..., Any], cron: str, settings: Settings) -> RunnerDeployment:
    made = flow.to_deployment(
        "perdura",
        schedule=Cron(cron, timezone=settings.timezone),
        parameters={"home": str(settings.home.absolute())},
        concurrency_limit=_ALONE if flow in (refresh_states, push_flow) else None,
    )
    return cast("RunnerDeployment", made)  # a coroutine only where there is a running loop


def hours() -> list[dict[str, str]]:
    """What is served, and when: ``name``, ``cron``, ``timezone``."""
    settings = Settings()
    return [
        {"name": f"{flow.name}/perdura", "cron": cron, "timezone": settings.timezone}
        for flow, cron in _served(settings)
    ]


def serve_flows(*, announced: bool = False) -> None:
    """Run all flows when they are due, until stopped; say so first, unless it has been said."""
    serve(*deployments(Settings()), print_starting_message=not announced)
