"""The scheduled run that tells how people stand by now; before the first night it is skipped."""

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State

from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.private_runs import private_flow
from perdura.flows.orchestration.skipped import skipped_without_night
from perdura.flows.refresh_states import Refreshed, refresh_states
from perdura.flows.settings import Settings


@private_flow(name="refresh-states", flow_run_name=run_names.states)
def refresh_due_states(home: Path | None = None) -> Refreshed | State[Any]:
    """As ``refresh_states``; before the first night the state ``Skipped``.

    Args:
        home: Where everything is kept, if not where the settings say.
    """
    return skipped_without_night(Settings.at(home).risk_url) or refresh_states(home)
