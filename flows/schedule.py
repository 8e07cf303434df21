"""Both flows on their schedule, served from one process."""

from typing import Any, cast

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.moments import NIGHTLY_HOUR
from flows.score_nightly import score_nightly
from flows.settings import Settings
from flows.train_weekly import train_weekly

#: Minute, hour, day, month, day of the week, in the settings' time zone.
NIGHTLY, WEEKLY = f"0 {NIGHTLY_HOUR} * * *", "0 4 * * 1"


def deployments(settings: Settings) -> tuple[RunnerDeployment, RunnerDeployment]:
    """What is served: ``score-nightly/perdura`` and ``train-weekly/perdura``."""
    return _deployment(score_nightly, NIGHTLY, settings), _deployment(
        train_weekly, WEEKLY, settings
    )


def _deployment(flow: Flow[..., Any], cron: str, settings: Settings) -> RunnerDeployment:
    made = flow.to_deployment(
        "perdura",
        schedule=Cron(cron, timezone=settings.timezone),
        parameters={"home": str(settings.home.absolute())},
    )
    return cast("RunnerDeployment", made)  # a coroutine only where there is a running loop


def hours() -> list[dict[str, str]]:
    """What is served, and when: ``name``, ``cron``, ``timezone``."""
    zone = Settings().timezone
    return [
        {"name": f"{flow.name}/perdura", "cron": cron, "timezone": zone}
        for flow, cron in ((score_nightly, NIGHTLY), (train_weekly, WEEKLY))
    ]


def serve_flows(*, announced: bool = False) -> None:
    """Run both flows when they are due, until stopped; say so first, unless it has been said."""
    serve(*deployments(Settings()), print_starting_message=not announced)
