"""Made-up subscribers and their events, as frames in the contract's shape."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable

#: Subscribers in a batch: their events fit into memory many times over.
BATCH = 50_000

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
_NEVER = 2**62
_FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_LAST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000

# Chosen so that there are 40 payment and 10 ticket events a subscriber.
_PAYMENTS, _TICKETS = 27.4, 1.41


@dataclass(frozen=True, slots=True)
class Subscribers:
    """A batch of subscribers: ids, when each starts and ends, and the seed of their events.

    Times are microseconds since 1970; ``_NEVER`` where a subscription does not end.
    """

    first: int
    rng: np.random.Generator
    ids: pl.Series
    start: np.ndarray
    end: np.ndarray
    start_known: np.ndarray
    end_known: np.ndarray
    late: bool


def live(first: int, count: int, *, late: bool) -> Subscribers:
    """``count`` subscribers from number ``first`` on; 60 % started before the two years."""
    rng = np.random.default_rng([7, first])
    numbers = 10_000_000 + 37 * np.arange(first, first + count) + rng.integers(0, 37, count)
    since = rng.integers(0, 730, count) * DAY + rng.integers(0, DAY, count)
    start = np.where(rng.random(count) < 0.6, _FIRST - since, _FIRST + since)
    frail = rng.lognormal(0, 1, count)
    lasts = (rng.exponential(3200 / frail) * DAY).astype(np.int64) + DAY
    end = np.maximum(start, _FIRST) + lasts
    end = np.where(end < _LAST, end, _NEVER)
    ids = pl.select("s" + pl.lit(pl.Series(numbers)).cast(pl.String).str.zfill(11)).to_series()
    known = [when + _delay(rng, when, late=late) for when in (start, end)]
    return Subscribers(first, rng, ids, start, end, known[0], known[1], late)


def subscriptions(subscribers: Subscribers) -> pl.DataFrame:
    """One start each, and an end where there is one."""
    ended = np.flatnonzero(subscribers.end < _NEVER)
    owner = np.concatenate([np.arange(len(subscribers.ids)), ended])
    price = subscribers.rng.choice(
        [999, 1999, 4999, 9999], len(subscribers.ids), p=[0.4, 0.35, 0.2, 0.05]
    )
    return _frame(
        SUBSCRIPTIONS,
        subscribers,
        owner,
        happened_at=_moment(np.concatenate([subscribers.start, subscribers.end[ended]])),
        known_at=_moment(np.concatenate([subscribers.start_known, subscribers.end_known[ended]])),
        kind=_words(np.repeat([0, 1], [len(subscribers.ids), len(ended)]), "started", "ended"),
        subscription_id=subscribers.ids.gather(owner),
        plan=pl.lit("basic"),
        interval_months=pl.lit(1),
        quantity=pl.lit(1),
        mrr=pl.Series(price[owner]),
        currency=pl.lit("EUR"),
        reason=_words(np.repeat([0, 1], [len(subscribers.ids), len(ended)]), None, "voluntary"),
    )


def payments(subscribers: Subscribers) -> pl.DataFrame:
    """Payments over each life, more of them failing in its last 60 days."""
    rng = subscribers.rng
    owner, when = _moments(subscribers, _PAYMENTS, 1.2)
    fails = np.where(subscribers.end[owner] - when < 60 * DAY, 0.30, 0.05)
    drawn = rng.random(len(owner))
    kind = np.where(drawn < fails, 1, np.where(drawn < fails + 0.03, 2, 0))
    return _frame(
        PAYMENTS,
        subscribers,
        owner,
        happened_at=_moment(when),
        known_at=_moment(when + _delay(rng, when, late=subscribers.late)),
        kind=_words(kind, "paid", "failed", "refunded"),
        amount=pl.Series(rng.integers(100, 20_000, len(owner))),
        currency=pl.lit("EUR"),
        method=_words(rng.integers(0, 2, len(owner)), "card", "debit"),
    )


def tickets(subscribers: Subscribers) -> pl.DataFrame:
    """Tickets over each life: opened, most of them answered and resolved, some rated."""
    rng = subscribers.rng
    owner, when = _moments(subscribers, _TICKETS, 1.5)
    reply = np.round(rng.lognormal(0.5, 1.2, len(owner)), 2)
    resolution = np.round(reply * (1 + rng.exponential(20, len(owner))), 2)
    priority = rng.choice(4, len(owner), p=[0.3, 0.45, 0.2, 0.05])
    hours = [np.zeros(len(owner)), reply, resolution, resolution + 1]
    chances = [rng.random(len(owner)) < chance for chance in (1, 0.96, 0.95, 0.4)]
    chances[3] &= chances[2]
    happened = [when + (after * HOUR).astype(np.int64) for after in hours]
    kept = [
        np.flatnonzero(has & (time < _LAST)) for has, time in zip(chances, happened, strict=True)
    ]
    ticket = np.concatenate(kept)
    kind = np.repeat(np.arange(4), [len(rows) for rows in kept])
    moment = np.concatenate([time[rows] for time, rows in zip(happened, kept, strict=True)])
    taken = np.concatenate([after[rows] for after, rows in zip(hours, kept, strict=True)])
    number = subscribers.first * 1_000 + np.arange(len(owner))
    return _frame(
        TICKETS,
        subscribers,
        owner[ticket],
        happened_at=_moment(moment),
        known_at=_moment(moment + _delay(rng, moment, late=subscribers.late)),
        kind=_words(kind, "opened", "replied", "resolved", "rated"),
        ticket_id="t" + pl.Series(number[ticket]).cast(pl.String),
        priority=_words(priority[ticket], "low", "normal", "high", "urgent"),
        channel=pl.lit("email"),
        hours=_where((kind == 1) | (kind == 2), taken),
        score=_where(kind == 3, rng.integers(1, 6, len(kind)).astype(np.float64)),
    )


def _moments(subscribers: Subscribers, mean: float, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Row index of the subscriber, and time, of each event: heavy-tailed counts."""
    rng = subscribers.rng
    start, end = np.maximum(subscribers.start, _FIRST), np.minimum(subscribers.end, _LAST)
    life = np.maximum(end - start, 1)
    rate = rng.lognormal(0, tail, len(start)) * life / (_LAST - _FIRST)
    rate[rng.random(len(rate)) < 1e-4] *= 60
    owner = np.repeat(np.arange(len(start)), rng.poisson(mean * rate))
    return owner, start[owner] + (rng.random(len(owner)) * life[owner]).astype(np.int64)


def _delay(rng: np.random.Generator, when: np.ndarray, *, late: bool) -> np.ndarray:
    """Microseconds until each event was known: hours for most, days for 1 %."""
    hours = rng.exponential(2, len(when)) * HOUR
    days = np.where(rng.random(len(when)) < 0.01, rng.uniform(1, 45, len(when)) * DAY, 0)
    return (hours + days).astype(np.int64) if late else np.zeros(len(when), np.int64)


def _frame(
    table: EventTable, subscribers: Subscribers, owner: np.ndarray, **given: pl.Series | pl.Expr
) -> pl.DataFrame:
    """The events in the contract's schema; columns that are not given are empty."""
    empty = [name for name in table.schema if name not in given and name != "subscriber_id"]
    return (
        pl.DataFrame({"subscriber_id": subscribers.ids.gather(owner)})
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
