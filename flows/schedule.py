"""All flows on their schedule, served from one process."""

from typing import Any, cast

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.moments import NIGHTLY_HOUR
from flows.score_nightly import score_nightly
from flows.settings import Settings
from flows.train_weekly import train_weekly
from flows.webhooks_flow import webhooks_flow

#: Minute, hour, day, month, day of the week, in the settings' time zone.
NIGHTLY, WEEKLY = f"0 {NIGHTLY_HOUR} * * *", "0 4 * * 1"
#: Where there are webhooks.
FIVE_MINUTES = "*/5 * * * *"


def deployments(settings: Settings) -> tuple[RunnerDeployment, ...]:
    """What is served: ``score-nightly/perdura`` and so on."""
    return tuple(_deployment(flow, cron, settings) for flow, cron in _served(settings))


def _served(settings: Settings) -> list[tuple[Flow[..., Any], str]]:
    """The flows, and when they are due."""
    served: list[tuple[Flow[..., Any], str]] = [(score_nightly, NIGHTLY), (train_weekly, WEEKLY)]
    return [*served, (webhooks_flow, FIVE_MINUTES)] if settings.webhooks else served


def _deployment(flow: Flow[..., Any], cron: str, settings: Settings) -> RunnerDeployment:
    made = flow.to_deployment(
        "perdura",
        schedule=Cron(cron, timezone=settings.timezone),
        parameters={"home": str(settings.home.absolute())},
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
    """Run the flows when they are due, until stopped; say so first, unless it has been said."""
    serve(*deployments(Settings()), print_starting_message=not announced)
