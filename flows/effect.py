"""On demand and before every training: the effect of contacts, against the control group."""

from datetime import date
from pathlib import Path

from perdura.flows.configuration.dates import midnight
from perdura.flows.orchestration.recorded import flow
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.settings import Settings
from perdura.flows.steps.contact_effect import estimate, keep_estimate, refuse_without_contacts
from perdura.flows.steps.training_window import known_history
from perdura.models.experiment.effect import Effect
from perdura.risk.table import published_dates


@flow(name="effect")
@shares_home
def contact_effect(
    since: date | None = None, home: Path | None = None, worth: float | None = None
) -> Effect:
    """How many of the contacted stayed, against the control group, by all that has landed.

    The estimate of all contacts is kept in the risk table, where the desk shows it.

    Args:
        since: The first day of contacts that count; by default all do.
        home: Where everything is kept, if not where the settings say.
        worth: The smallest difference of shares worth seeing; by default as large as seen.

    Raises:
        NothingLanded: No contacts have landed, or nothing that tells who left.
    """
    settings = Settings.at(home)
    known_history(settings.landing, settings.churn, None)
    refuse_without_contacts(settings.landing)
    found = estimate(settings, midnight(since) if since else None, worth)
    if since is None and published_dates(settings.risk_url):
        keep_estimate(settings.risk_url, found)
    return found
