"""Notify targets of moves into the high band: signed, tried again, and in the end given up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from time import monotonic
from typing import Any

from perdura.http_calls import NO_PROXY, log_no_calls
from perdura.risk.integrations import deliveries
from perdura.risk.integrations.attempt import LONGEST_WAIT, Answer, post
from perdura.risk.integrations.clock import Clock, now_utc
from perdura.risk.integrations.deliveries import Delivery
from perdura.risk.integrations.payloads import payload
from perdura.risk.integrations.signing import keys, signed
from perdura.risk.integrations.targets import safe
from perdura.risk.query.queries import published_night
from perdura.risk.store.connect import reading, writing

#: All of one attempt, from looking up the name to the status: a target that drips cannot hold us.
PATIENCE = timedelta(seconds=10)

_AT_ONCE = 8
_LONGEST_SECONDS = 300.0
_FIRST_WAIT = timedelta(seconds=30)
_GONE = "410"  # a target that says so wants nothing more


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The outcome of the deliveries that were due.

    Attributes:
        queued: New ones.
        delivered: Accepted with a status of 200 to 299.
        failed: To be tried again.
        dead: Given up; they can be replayed.
        dropped: There was nothing to send any more.
        next_at: When the next is due; ``None``: there is none.
        trial: Whether the newest night is a trial, of which nothing is queued.
    """

    queued: int
    delivered: int
    failed: int
    dead: int
    dropped: int
    next_at: datetime | None
    trial: bool


def send(
    url: str,
    targets: tuple[str, ...],
    secrets: str,
    *,
    attempts: int,
    patience: timedelta = PATIENCE,
    clock: Clock = now_utc,
) -> Sent:
    """Queue the newest night's moves into the high band, and try all that is due, once.

    A delivery is made at least once: a process that is killed between its acceptance and the note
    of it sends it again, under the same id.

    Args:
        url: Where the risk table is kept.
        targets: URLs.
        secrets: With which it is signed, as ``risk.integrations.signing.signed`` takes them.
        attempts: After this many a delivery is given up.
        patience: For one attempt.
        clock: Tells the time.

    Raises:
        BadSecret: The secret is not one.
        BadTarget: A target is not to be sent to.
        NoNight: Nothing has been published.
    """
    log_no_calls()
    keys(secrets)
    for target in targets:
        safe(target)
    with reading(url) as connection:
        trial = bool(published_night(connection).trial)  # writing would make the tables
    with writing(url) as connection:
        queued = deliveries.queue_moves(connection, targets, clock())
    sender = _Sender(url, targets, secrets, attempts, patience, clock)
    outcomes = asyncio.run(sender.send_all())
    with reading(url) as connection:
        next_at = deliveries.next_due(connection, targets)
    counts = {name: outcomes.count(name) for name in ("delivered", "failed", "dead", "dropped")}
    return Sent(queued=queued, next_at=next_at, trial=trial, **counts)


def wait_before(attempt: int, chance: float) -> timedelta:
    """How long to wait before the next attempt; at most twice the least.

    Args:
        attempt: How often it has been tried, from 1 on.
        chance: From 0 to 1, drawn anew each time, so that not all come back at once.
    """
    longest = min(_FIRST_WAIT * 4 ** min(attempt - 1, 16), LONGEST_WAIT)
    return longest * (0.5 + 0.5 * chance)


@dataclass(frozen=True, slots=True)
class _Sender:
    url: str
    targets: tuple[str, ...]
    secrets: str
    attempts: int
    patience: timedelta
    clock: Clock

    async def send_all(self) -> list[str]:
        """The outcome of each of the deliveries that are due.

        A target that accepts nothing of what is under way at once is left alone until the next
        time, and so is all that is left after five minutes: a night does not wait for it.
        """
        import httpx

        async def attempt(delivery: Delivery, body: bytes) -> Answer:
            headers = signed(delivery.delivery_id, body, self.secrets, self.clock())
            return await post(
                client, delivery.target, body, headers, patience=self.patience, clock=self.clock
            )

        outcomes: list[str] = []
        started, until = self.clock(), monotonic() + _LONGEST_SECONDS
        targets = self.targets
        async with httpx.AsyncClient(mounts=NO_PROXY, timeout=None) as client:  # noqa: S113
            while monotonic() < until and (taken := self._take(targets, started)):
                sent = [(one, body) for one, body in taken if body is not None]
                answers = await asyncio.gather(*(attempt(*one) for one in sent))
                outcomes += ["dropped"] * (len(taken) - len(sent))
                answered = list(zip((one for one, _ in sent), answers, strict=True))
                outcomes += self._note(answered)
                silent = {one.target for one, _ in answered}
                silent -= {one.target for one, answer in answered if answer.accepted}
                targets = tuple(target for target in targets if target not in silent)
        return outcomes

    def _take(
        self, targets: Sequence[str], started: datetime
    ) -> list[tuple[Delivery, bytes | None]]:
        """Some deliveries, with their messages; those with nothing to say any more are deleted."""
        with writing(self.url) as connection:
            taken = deliveries.take_due(
                connection, targets, _AT_ONCE, due_by=started, now=self.clock()
            )
            messages = [(one, payload(connection, one, self.clock())) for one in taken]
            for one, body in messages:
                if body is None:
                    deliveries.drop(connection, one.delivery_id)
        return messages

    def _note(self, answered: Sequence[tuple[Delivery, Answer]]) -> list[str]:
        """Write down the answers of the targets; the outcome of each."""
        outcomes: list[str] = []
        with writing(self.url) as connection:
            for delivery, answer in answered:
                outcome, values = self._outcome(delivery, answer)
                deliveries.note(connection, delivery.delivery_id, **values)
                outcomes.append(outcome)
        return outcomes

    def _outcome(self, delivery: Delivery, answer: Answer) -> tuple[str, dict[str, Any]]:
        now, status = self.clock(), {"last_status": answer.status}
        if answer.accepted:
            return "delivered", status | {"delivered_at": now, "next_at": None}
        if delivery.attempts >= self.attempts or answer.status == _GONE:
            return "dead", status | {"dead_at": now, "next_at": None}
        wait = max(answer.wait, wait_before(delivery.attempts, random()))  # noqa: S311
        return "failed", status | {"next_at": now + wait}
