"""Bring what another tool says of subscribers up to date: only what changed travels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from perdura.risk.integrations.fields import Fields, Filling, digest, everybody, of_these
from perdura.risk.integrations.push_state import ABSENT, PushState, Told, push_state, read_told
from perdura.risk.night import Night
from perdura.risk.progress import OnProgress, no_progress
from perdura.risk.query.queries import published_night
from perdura.risk.query.trial import refuse_trial
from perdura.risk.store.connect import reading

#: Of one subscriber: told, not known over there, or refused.
Outcome = Literal["told", "absent", "failed"]

#: Called with the night and the subscribers of a batch before the tool is told of them, by many
#: threads. An error stops the push.
OnPeople = Callable[[Night, Sequence[str]], None]


class Tool(Protocol):
    """A help desk that can be told of many people at once."""

    @property
    def at_once(self) -> int:
        """So many people go into one call."""
        ...

    @property
    def parallel(self) -> int:
        """So many calls at once."""
        ...

    def tell(self, people: Mapping[str, Fields]) -> Mapping[str, Outcome]:
        """Set the fields of these people; what became of each. May be called by many threads."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a push.

    Attributes:
        people: At risk in the newest night.
        changed: Of them, whose fields are to be set.
        cleared: No longer at risk, whose fields are to be cleared.
        told: Confirmed, set or cleared.
        absent: Not known over there; they are tried again when their fields change.
        failed: Refused; they are tried again with the next push.
    """

    people: int
    changed: int
    cleared: int
    told: int = 0
    absent: int = 0
    failed: int = 0


def plan(url: str, filling: Filling, told: Told) -> tuple[Pushed, list[str]]:
    """Whose fields are to change, against what has been told: how many, and who.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
    """
    with reading(url) as connection:
        refuse_trial(published_night(connection))
        changed, seen = [], set()
        for subscriber_id, fields in everybody(connection, filling):
            seen.add(subscriber_id)
            if told.get(subscriber_id, "").removeprefix(ABSENT) != digest(fields):
                changed.append(subscriber_id)
    cleared = [who for who in told if who not in seen]
    counts = Pushed(people=len(seen), changed=len(changed), cleared=len(cleared))
    return counts, [*changed, *cleared]


def dry_run(url: str, filling: Filling, file: Path) -> Pushed:
    """How many would change. Nothing is sent, nothing is written.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
        BadState: The file of what was told cannot be read.
    """
    return plan(url, filling, read_told(file))[0]


def push(
    url: str,
    filling: Filling,
    tool: Tool,
    file: Path,
    *,
    everybody_again: bool = False,
    progress: OnProgress = no_progress,
    on_people: OnPeople | None = None,
) -> Pushed:
    """Set the fields of whom they changed for, and clear those of whoever is at risk no more.

    It may be stopped at any moment and run again: what a tool confirmed is kept in ``file``.

    Args:
        url: Where the risk table is kept.
        filling: How the fields are filled.
        tool: Who is told.
        file: What it has been told; made where absent.
        everybody_again: Tell also those who have been told, or were absent.
        progress: Told of every batch.
        on_people: Records who is about to be told of.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
        NotAllowed: The tool does not let us in.
        NotNow: The tool could not be asked in spite of patience.
        PushRunning: Another run is telling the same tool.
        BadState: The file of what was told cannot be read.
    """
    with push_state(file) as state:
        if everybody_again:
            state.told.update(dict.fromkeys(state.told, ABSENT))
        counts, people = plan(url, filling, state.told)
        came_to = {"told": 0, "absent": 0, "failed": 0}
        for outcomes in _told_by(url, filling, tool, people, state, on_people=on_people):
            for outcome in outcomes.values():
                came_to[outcome] += 1
            progress(sum(came_to.values()), len(people), "")
    return Pushed(people=counts.people, changed=counts.changed, cleared=counts.cleared, **came_to)


def _told_by(
    url: str,
    filling: Filling,
    tool: Tool,
    people: Sequence[str],
    state: PushState,
    *,
    on_people: OnPeople | None,
) -> Iterator[Mapping[str, Outcome]]:
    """Batch by batch, some at once, what became of the people; it is kept before it is said.

    After an error nothing more is begun, what had begun is kept, and the error is raised.
    """

    def tell(batch: Sequence[str]) -> tuple[Mapping[str, Fields], Mapping[str, Outcome]]:
        with reading(url) as connection:
            night = published_night(connection)
            refuse_trial(night)  # one may have come meanwhile
            fields = of_these(connection, filling, batch)
        if on_people:
            on_people(night, list(fields))
        return fields, tool.tell(fields)

    batches = (people[i : i + tool.at_once] for i in range(0, len(people), tool.at_once))
    running: set[Future[tuple[Mapping[str, Fields], Mapping[str, Outcome]]]] = set()
    error: BaseException | None = None
    with ThreadPoolExecutor(tool.parallel) as threads:
        while True:
            if error is None:
                more = islice(batches, tool.parallel - len(running))
                running |= {threads.submit(tell, batch) for batch in more}
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
    """What is to be remembered: of those who were refused nothing, so that they are tried again."""
    prefixes = {"told": "", "absent": ABSENT}
    return {
        who: None if fields[who] == cleared else prefixes[outcome] + digest(fields[who])
        for who, outcome in outcomes.items()
        if outcome != "failed"
    }
