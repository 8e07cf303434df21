"""The help desk: tickets, how long they wait, what outages do, and the few who are contacted."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from perdura.sources.simulator.lives import ACTIVE
from perdura.sources.simulator.step import Step
from perdura.sources.simulator.vectors import DAY, HOUR, NEVER, Bools, Floats, Ints, Month, days

Columns = dict[str, npt.NDArray[Any]]

TOPICS = ("technical", "billing", "how_to", "account", "outage")
CHANNELS = ("email", "chat", "phone", "web")
PRIORITIES = ("low", "normal", "high", "urgent")
ACTIONS = ("call", "email", "discount")
_HOW_TO, _OUTAGE_TOPIC = 2, 4

#: Share of ticket events told to us days or weeks late.
_LATE = 0.04
#: Chance of an outage in a month, and the share of its plan's people who write about it.
_OUTAGES = 0.25
_HIT = 0.07
#: Share of the active that support contacts in a month.
_CONTACTED = 0.004


@dataclass(frozen=True, slots=True)
class Outage:
    """A service failure that everyone in the company sees at the same time."""

    starts_at: int
    plan: int


def outage_in(month: Month, seed: int) -> Outage | None:
    """The month's outage, the same for every chunk; most months have none."""
    rng = np.random.default_rng([seed, month.count])
    happens, when, plan = rng.random(3)
    if happens > _OUTAGES:
        return None
    return Outage(starts_at=month.start + int((2 + 24 * when) * DAY), plan=int(plan * 4))


@dataclass(frozen=True, slots=True)
class _Tickets:
    """The tickets of one month; every event of a ticket repeats what it is about."""

    step: Step
    persons: Ints
    opened_at: Ints
    columns: Columns

    @property
    def all(self) -> Bools:
        """Every one of them, for what happens to every ticket."""
        return np.ones(len(self.persons), bool)

    def write(self, kind: str, some: Bools, after: Floats, **columns: npt.NDArray[Any]) -> None:
        """Write what happens to ``some`` of them, ``after`` hours since each was opened."""
        own = {name: column[some] for name, column in (self.columns | columns).items()}
        when = self.opened_at[some] + (after[some] * HOUR).astype(np.int64)
        self.step.write(kind, self.persons[some], when, late=_LATE, **own)


def support(step: Step, outage: Outage | None) -> None:
    """The tickets opened this month, to their end."""
    when, persons, hit = _opened(step, outage)
    u = step.rng.random((10, len(persons)))
    columns: Columns = {
        "ticket_id": step.journal.numbers("ticket", len(persons)),
        "topic": np.where(hit, _OUTAGE_TOPIC, (u[0] * _OUTAGE_TOPIC).astype(np.int64)),
        "channel": (u[1] * len(CHANNELS)).astype(np.int64),
        "priority": np.where(hit, 2, (u[2] ** 2 * len(PRIORITIES)).astype(np.int64)),
    }
    tickets = _Tickets(step, persons, when, columns)
    asks_how = columns["topic"] == _HOW_TO
    tickets.write("opened", tickets.all, np.zeros(len(persons)), how_to=asks_how)
    replied = _reply_hours(step, u[3], hit, when - (outage.starts_at if outage else NEVER))
    tickets.write("replied", tickets.all, replied, hours=replied)
    for again in range(2):
        more = u[4] > 0.3 + 0.25 * again
        tickets.write("followed_up", more, replied + (1 + again) * 12 * u[5])
    _finish(tickets, replied, u[4:])


def _opened(step: Step, outage: Outage | None) -> tuple[Ints, Ints, Bools]:
    """When each is opened, by which person, and whether for the outage."""
    service, count = step.service, step.people.count
    quiet = np.repeat(np.arange(count), step.rng.poisson(step.people.ticket_rate))
    u, hits = step.rng.random(len(quiet)), step.rng.random(count)
    length = step.month.end - step.month.start
    when = step.month.start + (u * length).astype(np.int64)
    hit = np.flatnonzero((hits < _HIT) & (step.lives.plan == outage.plan)) if outage else quiet[:0]
    soon = (outage.starts_at if outage else 0) + (hits[hit] / _HIT * 8 * HOUR).astype(np.int64)
    persons, when = np.concatenate([quiet, hit]), np.concatenate([when, soon])
    here = (when >= service.serve_from[persons]) & (when < service.serve_to[persons])
    return when[here], persons[here], (np.arange(len(persons)) >= len(quiet))[here]


def _reply_hours(step: Step, slow: Floats, hit: Bools, since_outage: Ints) -> Floats:
    """Mostly hours; one in eight lies for days; four in ten do behind an outage's tickets."""
    queued = hit | ((since_outage >= 0) & (since_outage < 3 * DAY))
    quick = np.exp(step.rng.normal(np.log(4), 0.8, len(slow)))
    days_long = np.exp(step.rng.normal(np.log(60), 0.45, len(slow)))
    return np.where(slow < np.where(queued, 0.4, 0.11), days_long, quick)


def _finish(tickets: _Tickets, replied: Floats, u: Floats) -> None:
    """Escalated, resolved, reopened and resolved again, rated: what applies, in this order."""
    stuck, reopened = u[0] < 0.09, u[3] < 0.06
    length = cast("Floats", np.where(stuck, 24 * (8 + 45 * u[1]), 2 + 60 * u[1] ** 2))
    escalated = (u[2] < 0.035) | (stuck & (u[2] < 0.12))
    tickets.write("escalated", escalated, replied + length * 0.5)
    resolved = replied + length
    tickets.write("resolved", tickets.all, resolved, hours=resolved)
    again = resolved + 6 + 60 * u[1]
    tickets.write("reopened", reopened, again)
    closed: Floats = np.where(reopened, again + 12 + 200 * u[2], resolved)
    tickets.write("resolved", reopened, closed, hours=closed)
    unhappy = 0.13 + 0.25 * (replied > 48)
    score = cast(
        "Ints",
        np.where(u[4] < unhappy, 1 + (u[0] > 0.5), 3 + (u[3] > 0.2) + (u[3] > 0.5)),
    )
    rated = u[5] < 0.35
    tickets.write("rated", rated, closed + 5, score=score, low=score <= 2, high=score >= 4)


def contact(step: Step) -> None:
    """Support speaks with a few of the active, drawn by lot, or holds them out."""
    u = step.chances(3)
    persons = np.flatnonzero((step.lives.status == ACTIVE) & (u[0] < _CONTACTED))
    when = step.month.start + days(2, 28, u[1][persons])
    kinds = (u[2][persons] * 3).astype(np.int64)
    for number, kind in enumerate(("contacted", "offered", "held_out")):
        chosen = kinds == number
        action = np.full(int(chosen.sum()), number)
        step.write(kind, persons[chosen], when[chosen], action=action)
