"""What a later export says was known before a moment, an export of that moment says as well.

A small company is played: prices change, payments fail and are made up for, subscribers pause, ask
to leave and think again. Stripe shows its objects as they are when they are read. Whatever lets a
later fact slip into an earlier ``known_at`` shows as a row that the earlier export does not give.
"""

import random
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.sources.connectors.stripe.frames import Frames
from perdura.sources.connectors.stripe.raw import read
from tests.support.stripe_exports import (
    Object,
    at,
    charge,
    export,
    invoice,
    item,
    line,
    price,
    subscription,
)

HOUR, DAY = 3600, 86_400
START, END = at("2026-01-01"), at("2026-07-01")
PRICES = [price(name, amount) for name, amount in (("a", 1000), ("b", 3000), ("c", 7000))]


@dataclass
class Life:
    """What one subscriber does, and when; times are in seconds since 1970."""

    name: str
    start: int
    trial: int = 0
    prices: list[tuple[int, Object]] = field(default_factory=list)
    paused: tuple[int, int] = (END * 2, END * 2)
    asked: tuple[int, int] = (END * 2, END * 2)  # and when it was withdrawn
    ended: int = END * 2
    fails: frozenset[int] = frozenset()
    refunds: frozenset[int] = frozenset()

    def price(self, when: int) -> Object:
        return [one for since, one in self.prices if since <= when][-1]

    def bills(self, now: int) -> Iterable[Object]:
        """Invoices every 30 days since the trial, as they are now."""
        for number in range(6):
            due = self.start + self.trial + number * 30 * DAY
            if due >= min(now, self.ended):
                return
            yield self.bill(number, due, now)

    def bill(self, number: int, due: int, now: int) -> Object:
        until, final = due + 30 * DAY, due + (HOUR if number else 0)
        what = self.price(due)
        lines = [self.line(what, what["unit_amount"], due, until)]
        for since, one in self.prices[1:]:
            if due - 30 * DAY < since <= due and number:
                lines.append(self.line(one, 17, since, due, proration=True))
        idle = self.paused[0] <= due < self.paused[1]
        paid = final + (3 * DAY if number in self.fails else 0)
        status = "draft" if now <= final else "void" if idle else "paid" if now > paid else "open"
        moves = {
            "finalized_at": final if now > final else None,
            "voided_at": final if status == "void" else None,
            "paid_at": paid if status == "paid" else None,
        }
        return invoice(self.name, number, "2026-01-01", lines, created=due, status=status,
                       moves=moves, attempt_count=1 + (number in self.fails))  # fmt: skip

    def line(self, what: Object, amount: int, start: int, end: int, **more: bool) -> Object:
        made = line(what, amount, "2026-01-01", "2026-01-01", of=self.name, **more)
        return made | {"period": {"start": start, "end": end}}

    def charges(self, now: int) -> Iterable[Object]:
        for number, bill in enumerate(self.bills(now)):
            if bill["status"] in {"draft", "void"}:
                continue
            final = bill["status_transitions"]["finalized_at"]
            late = 3 * DAY if number in self.fails else 0
            more = {"invoice": bill["id"]}
            if late:
                yield charge(self.name, number * 2, "2026-01-01", 1, created=final, status="failed",
                             failure_code="card_declined", **more)  # fmt: skip
            if now > final + late:
                yield charge(
                    self.name, number * 2 + 1, "2026-01-01", 1, created=final + late, **more
                )

    def refunded(self, now: int) -> Iterable[Object]:
        for one in self.charges(now):
            back = one["created"] + 5 * DAY
            if one["status"] == "succeeded" and int(one["id"][-1]) in self.refunds and back < now:
                yield {"id": f"re_{one['id']}", "charge": one["id"], "amount": 1, "currency": "usd",
                       "created": back, "status": "succeeded"}  # fmt: skip

    def object(self, now: int) -> Object:
        """The subscription as it is now."""
        gone, trial_end = self.ended < now, self.start + self.trial
        trialing = self.trial and now <= trial_end and not gone
        more: Object = {"status": "canceled" if gone else "trialing" if trialing else "active"}
        if self.trial:
            more |= {"trial_start": self.start, "trial_end": trial_end}
        if gone:
            more |= {"ended_at": self.ended, "canceled_at": self.ended}
        if self.asked[0] < min(now, self.ended) and (self.asked[1] >= now):
            more |= {"cancel_at_period_end": True, "canceled_at": self.asked[0]}
        if self.paused[0] < now <= self.paused[1] and not gone:
            more |= {"pause_collection": {"behavior": "void"}}
        items = [item(self.price(now - 1))]
        return subscription(self.name, items, created=self.start, start_date=self.start, **more)


def lives(seed: int, count: int = 40) -> list[Life]:
    draw = random.Random(seed)  # noqa: S311
    moment = lambda: draw.randrange(START, END)  # noqa: E731
    found: list[Life] = []
    for number in range(count):
        start = moment()
        changes = sorted(max(start, moment()) for _ in range(draw.randrange(3)))
        one = Life(f"s{number}", start, draw.choice([0, 0, 14 * DAY]))
        one.prices = [(since, draw.choice(PRICES)) for since in (start, *changes)]
        if draw.random() < 0.6:
            paused = max(start, moment())
            one.paused = (paused, paused + draw.randrange(200 * DAY))
        if draw.random() < 0.4:
            asked = max(start + 1, moment())
            one.asked = (asked, asked + draw.choice([HOUR, 10 * DAY, END]))
        if draw.random() < 0.3:
            one.ended = max(start + DAY, moment())
        one.fails, one.refunds = (
            frozenset(draw.sample(range(6), draw.randrange(3))) for _ in range(2)
        )
        found.append(one)
    return found


def rows(folder: Path, people: list[Life], now: int) -> dict[str, pl.DataFrame]:
    """The frames of an export of now."""
    shutil.rmtree(folder, ignore_errors=True)
    born = [one for one in people if one.start < now]
    export(
        folder / "stripe",
        {
            "subscriptions": [one.object(now) for one in born],
            "invoices": [bill for one in born for bill in one.bills(now)],
            "charges": [made for one in born for made in one.charges(now)],
            "refunds": [made for one in born for made in one.refunded(now)],
        },
        read_at=now,
    )
    frames = Frames(read(folder / "stripe", folder, {}))
    return {name: frames.rows(name).collect() for name in ("subscriptions", "plans", "charges",
                                                           "invoices", "refunds")}  # fmt: skip


def told(frames: dict[str, pl.DataFrame], before: int) -> set[tuple[object, ...]]:
    """Everything that was known before a moment: what, when it happened and was known, and all it
    says.
    """
    said = ("plan", "price", "quantity", "interval_months", "mrr")
    pairs = {
        "subscriptions": {
            "trial_at": ("trial_known_at",),
            "started_at": ("started_known_at", *said),
            "paused_at": ("paused_known_at",),
            "requested_at": ("requested_at",),
            "ended_at": ("ended_at", "reason"),
        },
        "plans": {"happened_at": ("known_at", "kind", *said)},
        "charges": {"happened_at": ("known_at", "charge", "kind", "invoice", "amount")},
        "invoices": {
            "invoiced_at": ("invoiced_at", "invoice", "amount"),
            "paid_at": ("paid_known_at", "invoice"),
            "written_off_at": ("written_off_at", "invoice"),
        },
        "refunds": {"happened_at": ("happened_at", "refund", "amount")},
    }
    limit = pl.lit(before * 1_000_000).cast(pl.Datetime("us", "UTC"))
    found: set[tuple[object, ...]] = set()
    for frame, events in pairs.items():
        for happened, (known, *more) in events.items():
            columns = (
                pl.col(name).alias(str(place))
                for place, name in enumerate(("customer", happened, known, *more))
            )
            some = frames[frame].filter(pl.col(happened).is_not_null(), pl.col(known) < limit)
            found |= {(frame, happened, *row) for row in some.select(columns).rows()}
    return found


@settings(max_examples=5)
@given(
    seed=st.integers(0, 10**6),
    early=st.integers(START + 40 * DAY, END),
    later=st.integers(1, 90 * DAY),
    bill=st.none() | st.integers(0, 39),
)
def test_nothing_later_slips_into_what_was_known(
    tmp_path_factory: pytest.TempPathFactory, seed: int, early: int, later: int, bill: int | None
) -> None:
    folder, people = tmp_path_factory.mktemp("leak"), lives(seed)
    if bill is not None:  # while an invoice of another price is drawn up, and not final yet
        one = people[bill]
        paid_from, one.ended = one.start + one.trial, END * 2
        one.prices = [(one.start, PRICES[0]), (paid_from + 10 * DAY, PRICES[1])]
        early = paid_from + 30 * DAY + HOUR // 2

    now, then = (rows(folder / name, people, t) for name, t in (("n", early + later), ("t", early)))

    assert told(now, early) - told(then, early) == set()
