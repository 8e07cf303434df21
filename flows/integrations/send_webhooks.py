"""Tell the webhooks of moves into the high band."""

import os
from pathlib import Path

from perdura.flows.runtime.safe_text import is_ours
from perdura.flows.settings import Settings
from perdura.risk.integrations.webhooks import Sent, send
from perdura.sources.counted import either

SECRET = "PERDURA_WEBHOOK_SECRET"  # noqa: S105 - the name, not the secret


class NoSecret(ValueError):
    """There is nothing to sign with. Nothing was sent."""


class NoTargets(ValueError):
    """There is no target. Nothing was sent."""


def send_webhooks(home: Path | None = None) -> Sent:
    """Queue the newest night's moves into the high band, and try whatever is due, once.

    Raises:
        NoTargets: The settings name no webhooks.
        NoSecret: The environment has no secret.
        BadSecret: The secret is not one.
        BadTarget: A target is not to be sent to.
        NoNight: Nothing has been published.
    """
    settings = Settings.at(home)
    if not settings.integrations.webhooks:
        raise NoTargets(
            "the settings name no webhooks; write integrations.webhooks = ['https://HOST/PATH']"
        )
    if not (secret := os.environ.get(SECRET)):
        raise NoSecret(f"webhooks are signed, and {SECRET} is not set in the environment")
    return send(
        settings.risk_url,
        settings.integrations.webhooks,
        secret,
        attempts=settings.integrations.webhook_attempts,
    )


def notify_webhooks(settings: Settings) -> str | None:
    """As ``send_webhooks``, where there are any; what went wrong is said, and stops no night.

    Returns:
        ``None`` where nothing went wrong, else what, in a sentence without data of subscribers.
    """
    if not settings.integrations.webhooks:
        return None
    try:
        sent = send_webhooks(settings.home)
    except Exception as error:  # whatever it is: the night has been published
        what = error if is_ours(error) else type(error).__name__
        return f"webhooks were not told: {what}"
    waiting = sent.failed + sent.dead
    return (
        f"{waiting} webhook {either(waiting, 'delivery', 'deliveries')} failed" if waiting else None
    )
