"""Every few minutes: webhooks that are due, such as those not answered at night."""

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State

from perdura.flows.integrations.send_webhooks import send_webhooks
from perdura.flows.orchestration.private_runs import private_flow
from perdura.flows.orchestration.skipped import skipped_without_night
from perdura.flows.settings import Settings
from perdura.risk.out.webhooks import Sent


@private_flow(name="send-webhooks")
def webhooks_flow(home: Path | None = None) -> Sent | State[Any]:
    """As ``perdura webhooks send``; before the first night it is skipped."""
    return skipped_without_night(Settings.at(home).risk_url) or send_webhooks(home)
