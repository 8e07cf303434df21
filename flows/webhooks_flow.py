"""Every few minutes: webhooks that are due, for those whose target did not answer at night."""

from pathlib import Path

from flows.private_runs import private_flow
from flows.send_webhooks import send_webhooks
from risk.out.webhooks import Sent


@private_flow(name="send-webhooks")
def webhooks_flow(home: Path | None = None) -> Sent:
    """As ``perdura webhooks send``."""
    return send_webhooks(home)
