"""Bring the fields of subscribers in another tool up to date: only changes are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from perdura.progress import OnProgress, no_progress
from perdura.risk.integrations.help_desks.fields import (
    Fields,
    Filling,
    digest,
    fields_at_risk,
    fields_of,
)
from perdura.risk.integrations.help_desks.push_state import (
    ABSENT,
    Digests,
    PushState,
    push_state,
    read_digests,
)
from perdura.risk.night import Night
from perdura.risk.query.queries import published_night
from perdura.risk.query.trial import refuse_trial
from perdura.risk.store.connect import reading

#: Of one subscriber: updated, not known to the tool, or refused.
Outcome = Literal["updated", "absent", "failed"]

#: Called with the night and the subscribers of a batch before it is sent, by many threads. An error
#: stops the push.
OnBatch = Callable[[Night, Sequence[str]], None]


class Tool(Protocol):
    """A help desk that takes the fields of many subscribers at once."""

    @property
    def at_once(self) -> int:
        """Subscribers of one call."""
        ...

    @property
    def parallel(self) -> int:
        """Calls at once."""
        ...

    def update(self, subscribers: Mapping[str, Fields]) -> Mapping[str, Outcome]:
        """Set the fields of these subscribers; the outcome of each. Called by many threads."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The outcome of a push, in subscribers.

    Attributes:
        people: At risk in the newest night.
        changed: Of them, with fields to be set.
        cleared: No longer at risk, with fields to be cleared.
        updated: Confirmed, set or cleared.
        absent: Not known to the tool; tried again when their fields change.
        failed: Refused; tried again with the next push.
    """

    people: int
    changed: int
    cleared: int
    updated: int = 0
    absent: int = 0
    failed: int = 0


def plan(url: str, filling: Filling, digests: Digests) -> tuple[Pushed, list[str]]:
    """The subscribers with fields other than the confirmed ones: their number, and their ids.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
    """
    with reading(url) as connection:
        refuse_trial(published_night(connection))
        changed, seen = list[str](), set[str]()
        for subscriber_id, fields in fields_at_risk(connection, filling):
            seen.add(subscriber_id)
            if digests.get(subscriber_id, "").removeprefix(ABSENT) != digest(fields):
                changed.append(subscriber_id)
    cleared = [subscriber_id for subscriber_id in digests if subscriber_id not in seen]
    counts = Pushed(people=len(seen), changed=len(changed), cleared=len(cleared))
    return counts, [*changed, *cleared]


def dry_run(url: str, filling: Filling, file: Path) -> Pushed:
    """How many would change. Nothing is sent, nothing is written.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
        BadState: The file of confirmed fields cannot be read.
    """
    return plan(url, filling, read_digests(file))[0]


def push(
    url: str,
    filling: Filling,
    tool: Tool,
    file: Path,
    *,
    all_again: bool = False,
    progress: OnProgress = no_progress,
    on_batch: OnBatch | None = None,
) -> Pushed:
    """Set the fields that changed, and clear those of subscribers who are no longer at risk.

    It may be stopped at any moment and run again: what a tool confirmed is kept in ``file``.

    Args:
        url: Where the risk table is kept.
        filling: How the fields are filled.
        tool: To be updated.
        file: Of confirmed fields; made where absent.
        all_again: Send also fields that were confirmed, or of subscribers that were absent.
        progress: Called after every batch.
        on_batch: Records the subscribers of a batch before it is sent.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
        NotAllowed: The tool does not let us in.
        NotNow: The tool did not answer in time.
        PushRunning: Another run updates the same tool.
        BadState: The file of confirmed fields cannot be read.
    """
    with push_state(file) as state:
        if all_again:
            state.digests.update(dict.fromkeys(state.digests, ABSENT))
        planned, subscribers = plan(url, filling, state.digests)
        counts = {"updated": 0, "absent": 0, "failed": 0}
        for outcomes in _updated(url, filling, tool, subscribers, state, on_batch=on_batch):
            for outcome in outcomes.values():
                counts[outcome] += 1
            progress(sum(counts.values()), len(subscribers), "")
    return replace(planned, **counts)


def _updated(
    url: str,
    filling: Filling,
    tool: Tool,
    subscribers: Sequence[str],
    state: PushState,
    *,
    on_batch: OnBatch | None,
) -> Iterator[Mapping[str, Outcome]]:
    """Outcomes batch by batch, some at once; they are kept before they are yielded.

    After an error nothing more is begun, what had begun is kept, and the error is raised.
    """

    def update(batch: Sequence[str]) -> tuple[Mapping[str, Fields], Mapping[str, Outcome]]:
        with reading(url) as connection:
            night = published_night(connection)
            refuse_trial(night)  # one may have come meanwhile
            fields = fields_of(connection, filling, batch)
        if on_batch:
            on_batch(night, list(fields))
        return fields, tool.update(fields)

    size = tool.at_once
    batches = (subscribers[i : i + size] for i in range(0, len(subscribers), size))
    running: set[Future[tuple[Mapping[str, Fields], Mapping[str, Outcome]]]] = set()
    error: BaseException | None = None
    with ThreadPoolExecutor(tool.parallel) as threads:
        while True:
            if error is None:
                more = islice(batches, tool.parallel - len(running))
                running |= {threads.submit(update, batch) for batch in more}
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if future.exception():
                    error = future.exception()
                    continue
                fields, outcomes = future.result()
                state.add(_to_keep(fields, outcomes, filling.names.cleared()))
                yield outcomes
    if error:
        raise error


def _to_keep(
    fields: Mapping[str, Fields], outcomes: Mapping[str, Outcome], cleared: Fields
) -> dict[str, str | None]:
    """What is to be kept: nothing of a refused subscriber, who is then tried again."""
    prefixes = {"updated": "", "absent": ABSENT}
    return {
        id_: None if fields[id_] == cleared else prefixes[outcome] + digest(fields[id_])
        for id_, outcome in outcomes.items()
        if outcome != "failed"
    }
