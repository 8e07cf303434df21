"""The scheduled run that trains every week."""

from datetime import date
from pathlib import Path

from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.private_runs import private_flow
from perdura.flows.train_weekly import Training, train_weekly


@private_flow(name="train-weekly", flow_run_name=run_names.training)
def train_due(until: date | None = None, home: Path | None = None) -> Training:
    """As ``train_weekly``.

    Args:
        until: The first day that is not used; by default all that has landed is.
        home: Where everything is kept, if not where the settings say.
    """
    return train_weekly(until, home)
