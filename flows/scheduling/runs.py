"""The schedule's runs on the Prefect server: which there are, which to clear, one more to make."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

_WAITING, _BEGUN = (StateType.SCHEDULED,), (StateType.PENDING, StateType.RUNNING)
_ENDING = (StateType.CANCELLING,)
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one deployment is due.

    Attributes:
        name: Of the deployment, e.g. ``score-nightly/perdura``.
        cron: Minute, hour, day, month, day of the week.
        timezone: In which that is meant.
    """

    name: str
    cron: str
    timezone: str

    def newest_due(self, start: datetime, end: datetime) -> datetime | None:
        """The last moment in ``[start, end]`` at which it is due, as Prefect's scheduler has it."""
        from prefect.server.schemas.schedules import CronSchedule

        cron = CronSchedule(cron=self.cron, timezone=self.timezone)
        due = asyncio.run(cron.get_dates(start=start, end=end)) if start <= end else []
        return due[-1].astimezone(UTC) if due else None


def is_run(name: str, due: datetime) -> bool:
    """Whether the server has a run of the deployment that was scheduled for ``due``."""
    second = timedelta(seconds=1)
    with get_client(sync_client=True) as client:
        return bool(_runs(client, name, after=due - second, before=due + second))


def is_at_work(name: str) -> bool:
    """Whether a run of the deployment is under way, or waits although it is due."""
    with get_client(sync_client=True) as client:
        states = _WAITING + _BEGUN + _ENDING
        return bool(_runs(client, name, before=datetime.now(UTC), states=states))


def make_run(name: str, parameters: dict[str, object]) -> None:
    """Make a run of the deployment that is due now."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(name)
        client.create_flow_run_from_deployment(deployment.id, parameters=parameters)


def clear_runs(name: str, *, keep_newest: bool) -> int:
    """End the runs that an earlier schedule left behind, and count them.

    What was due meanwhile is cancelled: the calendar says which nights to make up. What was under
    way has crashed, and holds its place in the queue until its state says so.

    Args:
        name: Of the deployment; one that does not exist has no runs.
        keep_newest: Leave the newest run that is due and has not begun: it will still be done.
    """
    now, cleared = datetime.now(UTC), 0
    with get_client(sync_client=True) as client:
        waiting = _runs(client, name, before=now, states=_WAITING)
        waiting.sort(key=lambda run: run.expected_start_time or now)
        for run in waiting[:-1] if keep_newest else waiting:
            client.set_flow_run_state(run.id, Cancelled(message="due while stopped"), force=True)
            cleared += 1
        for run in _runs(client, name, before=now, states=_BEGUN + _ENDING):
            client.set_flow_run_state(run.id, Crashed(message="schedule stopped"), force=True)
            cleared += 1
    return cleared


def _runs(
    client: SyncPrefectClient,
    name: str,
    *,
    before: datetime,
    after: datetime | None = None,
    states: Sequence[StateType] = (),
) -> list[FlowRun]:
    """The runs of a deployment that are expected in ``[after, before]``, in any of the states."""
    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return []
    wanted = FlowRunFilter(
        expected_start_time=FlowRunFilterExpectedStartTime.model_validate(
            {"before_": before, "after_": after}
        ),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
        if states
        else None,
    )
    only = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
    found: list[FlowRun] = []
    while len(found) % _PAGE == 0:
        page = client.read_flow_runs(
            deployment_filter=only, flow_run_filter=wanted, limit=_PAGE, offset=len(found)
        )
        found += page
        if not page:
            break
    return found
