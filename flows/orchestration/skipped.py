"""Runs that have nothing to do yet: they end as skipped, with a line and no traceback."""

from prefect.client.schemas.objects import State
from prefect.states import Completed

from perdura.risk.errors import NoNight
from perdura.risk.query.standing import newest_night


def skipped_without_night(url: str) -> State[None] | None:
    """The state to end a run in, where no night has been published yet; else nothing."""
    try:
        newest_night(url)
    except NoNight:
        why = "no night has been published yet, so there is nothing to do"
        return Completed(name="Skipped", message=why)
    return None
