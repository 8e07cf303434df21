"""What happens to made-up people: their events as frames in the contract's shape."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable

#: People at a time: their events fit into memory many times over.
PEOPLE = 50_000

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
_NEVER = 2**62
_FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_LAST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000

# Chosen so that there are 40 payment and 10 ticket events a subscriber.
_PAYMENTS, _TICKETS = 27.4, 1.41


@dataclass(frozen=True, slots=True)
class People:
    """Some people: who they are, from when to when, and what decides their events.

    Times are microseconds since 1970; ``_NEVER`` where it does not come.
    """

    first: int
    rng: np.random.Generator
    ids: pl.Series
    start: np.ndarray
    end: np.ndarray
    start_known: np.ndarray
    end_known: np.ndarray
    late: bool


def live(first: int, count: int, *, late: bool) -> People:
    """The people from number ``first`` on: six in ten started before the two years."""
    rng = np.random.default_rng([7, first])
    numbers = 10_000_000 + 37 * np.arange(first, first + count) + rng.integers(0, 37, count)
    since = rng.integers(0, 730, count) * DAY + rng.integers(0, DAY, count)
    start = np.where(rng.random(count) < 0.6, _FIRST - since, _FIRST + since)
    frail = rng.lognormal(0, 1, count)
    lasts = (rng.exponential(3200 / frail) * DAY).astype(np.int64) + DAY
    end = np.maximum(start, _FIRST) + lasts
    end = np.where(end < _LAST, end, _NEVER)
    ids = pl.select("s" + pl.lit(pl.Series(numbers)).cast(pl.String).str.zfill(11)).to_series()
    known = [at + _delay(rng, at, late=late) for at in (start, end)]
    return People(first, rng, ids, start, end, known[0], known[1], late)


def subscriptions(people: People) -> pl.DataFrame:
    """One start each, and an end where there is one."""
    ended = np.flatnonzero(people.end < _NEVER)
    who = np.concatenate([np.arange(len(people.ids)), ended])
    price = people.rng.choice([999, 1999, 4999, 9999], len(people.ids), p=[0.4, 0.35, 0.2, 0.05])
    return _frame(
        SUBSCRIPTIONS,
        people,
        who,
        happened_at=_moment(np.concatenate([people.start, people.end[ended]])),
        known_at=_moment(np.concatenate([people.start_known, people.end_known[ended]])),
        kind=_words(np.repeat([0, 1], [len(people.ids), len(ended)]), "started", "ended"),
        subscription_id=people.ids.gather(who),
        plan=pl.lit("basic"),
        interval_months=pl.lit(1),
        quantity=pl.lit(1),
        mrr=pl.Series(price[who]),
        currency=pl.lit("EUR"),
        reason=_words(np.repeat([0, 1], [len(people.ids), len(ended)]), None, "voluntary"),
    )


def payments(people: People) -> pl.DataFrame:
    """Payments over each life, more of them failing in its last 60 days."""
    rng = people.rng
    who, at = _moments(people, _PAYMENTS, 1.2)
    fails = np.where(people.end[who] - at < 60 * DAY, 0.30, 0.05)
    drawn = rng.random(len(who))
    kind = np.where(drawn < fails, 1, np.where(drawn < fails + 0.03, 2, 0))
    return _frame(
        PAYMENTS,
        people,
        who,
        happened_at=_moment(at),
        known_at=_moment(at + _delay(rng, at, late=people.late)),
        kind=_words(kind, "paid", "failed", "refunded"),
        amount=pl.Series(rng.integers(100, 20_000, len(who))),
        currency=pl.lit("EUR"),
        method=_words(rng.integers(0, 2, len(who)), "card", "debit"),
    )


def tickets(people: People) -> pl.DataFrame:
    """Tickets over each life: opened, most of them answered and resolved, some rated."""
    rng = people.rng
    who, at = _moments(people, _TICKETS, 1.5)
    reply = np.round(rng.lognormal(0.5, 1.2, len(who)), 2)
    resolution = np.round(reply * (1 + rng.exponential(20, len(who))), 2)
    priority = rng.choice(4, len(who), p=[0.3, 0.45, 0.2, 0.05])
    hours = [np.zeros(len(who)), reply, resolution, resolution + 1]
    chances = [rng.random(len(who)) < chance for chance in (1, 0.96, 0.95, 0.4)]
    chances[3] &= chances[2]
    happened = [at + (after * HOUR).astype(np.int64) for after in hours]
    kept = [
        np.flatnonzero(has & (when < _LAST)) for has, when in zip(chances, happened, strict=True)
    ]
    ticket = np.concatenate(kept)
    kind = np.repeat(np.arange(4), [len(one) for one in kept])
    moment = np.concatenate([when[one] for when, one in zip(happened, kept, strict=True)])
    taken = np.concatenate([after[one] for after, one in zip(hours, kept, strict=True)])
    number = people.first * 1_000 + np.arange(len(who))
    return _frame(
        TICKETS,
        people,
        who[ticket],
        happened_at=_moment(moment),
        known_at=_moment(moment + _delay(rng, moment, late=people.late)),
        kind=_words(kind, "opened", "replied", "resolved", "rated"),
        ticket_id="t" + pl.Series(number[ticket]).cast(pl.String),
        priority=_words(priority[ticket], "low", "normal", "high", "urgent"),
        channel=pl.lit("email"),
        hours=_where((kind == 1) | (kind == 2), taken),
        score=_where(kind == 3, rng.integers(1, 6, len(kind)).astype(np.float64)),
    )


def _moments(people: People, mean: float, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Whose (row of ``people``) and when: heavy tailed in number, spread over each life."""
    rng = people.rng
    start, end = np.maximum(people.start, _FIRST), np.minimum(people.end, _LAST)
    life = np.maximum(end - start, 1)
    rate = rng.lognormal(0, tail, len(start)) * life / (_LAST - _FIRST)
    rate[rng.random(len(rate)) < 1e-4] *= 60
    who = np.repeat(np.arange(len(start)), rng.poisson(mean * rate))
    return who, start[who] + (rng.random(len(who)) * life[who]).astype(np.int64)


def _delay(rng: np.random.Generator, at: np.ndarray, *, late: bool) -> np.ndarray:
    """How long until each was known: hours for most, days for one in a hundred."""
    hours = rng.exponential(2, len(at)) * HOUR
    days = np.where(rng.random(len(at)) < 0.01, rng.uniform(1, 45, len(at)) * DAY, 0)
    return (hours + days).astype(np.int64) if late else np.zeros(len(at), np.int64)


def _frame(
    table: EventTable, people: People, who: np.ndarray, **given: pl.Series | pl.Expr
) -> pl.DataFrame:
    """The events in the contract's schema; columns that are not given are empty."""
    empty = [name for name in table.schema if name not in given and name != "subscriber_id"]
    return (
        pl.DataFrame({"subscriber_id": people.ids.gather(who)})
        .with_columns(pl.lit(None).alias(name) for name in empty)
        .with_columns(**given)
        .select(table.schema.names())
        .cast(table.schema)
    )


def _moment(microseconds: np.ndarray) -> pl.Series:
    return pl.Series(microseconds).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _words(codes: np.ndarray, *words: str | None) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(codes)


def _where(has: np.ndarray, values: np.ndarray) -> pl.Series:
    return pl.select(pl.when(pl.lit(pl.Series(has))).then(pl.lit(pl.Series(values)))).to_series()
