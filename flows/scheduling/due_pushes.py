"""Every hour: help desks get what a night, or what has happened since, changed."""

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.client.schemas.objects import State

from perdura.flows.integrations.help_desks import push_to
from perdura.flows.orchestration.private_runs import private_flow
from perdura.flows.orchestration.skipped import skipped_without_night
from perdura.flows.settings import Settings
from perdura.risk.integrations.help_desks.pushing import Pushed
from perdura.risk.query.trial import TrialNight
from perdura.sources.counted import counted


@private_flow(name="push-tools")
def push_flow(home: Path | None = None) -> dict[str, Pushed] | State[Any]:
    """As ``perdura push``, for each of the settings' ``push``; one that fails stops no other.

    Of a trial no help desk is told, which is no failure; before the first night it is skipped.

    Raises:
        ExceptionGroup: What went wrong with those that could not be told.
    """
    settings = Settings.at(home)
    if skipped := skipped_without_night(settings.risk_url):
        return skipped
    pushed: dict[str, Pushed] = {}
    wrong: list[Exception] = []
    for name in settings.integrations.push:
        try:
            pushed[name], _ = push_to(name, settings, surface="schedule")
        except TrialNight as trial:
            get_run_logger().warning("%s not told: %s", name, trial)
        except Exception as error:  # whatever it is: the next one is told all the same
            wrong.append(error)
    if wrong:
        raise ExceptionGroup(
            f"{len(wrong)} of {counted(len(settings.integrations.push), 'help desk')} not told",
            wrong,
        )
    return pushed
