"""What the staying do with their plan this month, and the company with its prices."""

import numpy as np

from perdura.sources.simulator.lives import ACTIVE, PAUSED
from perdura.sources.simulator.prices import RISE, monthly_price, rising, seats
from perdura.sources.simulator.step import BY_CHOICE, BY_COMPANY, Step
from perdura.sources.simulator.vectors import DAY, Bools, Floats, Ints, days

#: Share of a plan's holders that keep their price when the others' rises.
_SPARED = 0.35
#: Chances a month.
_DOWN, _PAUSE, _MERGE = 0.012, 0.007, 0.00025
#: Prices rise for subscribers of at least this tenure.
_RISE_AFTER = 150 * DAY
#: Chance that a price rise is told to us late. Its plan is not: the hazard reads that.
_LATE = 0.08


def change(step: Step, stays: Bools, grows: Floats) -> None:
    """Price rises, upgrades, downgrades, pauses and merged accounts; at most one each.

    Args:
        step: The month.
        stays: Who is active and does not leave in it.
        grows: The chance of taking a larger plan in it, zero where they cannot; at most
            0.24, below whatever else is drawn.
    """
    # One number decides on all of them, in ranges that do not meet.
    u = step.chances(4)
    lives, month = step.lives, step.month
    here = lives.started_at < month.start - _RISE_AFTER
    raised = stays & here & rising(lives.plan, month) & (u[0] > _SPARED)
    _raise_prices(step, np.flatnonzero(raised), u[1])
    decides = stays & ~raised
    up = decides & (u[0] < grows)
    down = decides & (u[0] > 1 - _DOWN) & (lives.plan > 0)
    _move(step, "upgraded", np.flatnonzero(up), 1, u[1])
    _move(step, "downgraded", np.flatnonzero(down), -1, u[1])
    pauses = decides & ~step.people.annual & (abs(u[0] - 0.5) < _PAUSE / 2) & (lives.owed < 0)
    _pause(step, np.flatnonzero(pauses), u[1:])
    merges = decides & (abs(u[0] - 0.25) < _MERGE / 2) & (lives.merged_at > month.end)
    merged = np.flatnonzero(merges)
    # They go on under another account; everyone knows of it before the month is over.
    merged_at = month.start + days(2, 18, u[1][merged])
    lives.merged_at[merged] = merged_at
    step.journal.write("merged", merged, merged_at, merged_at + days(0.05, 9, u[2][merged]))


def _raise_prices(step: Step, persons: Ints, u: Floats) -> None:
    when = step.month.start + 9 * DAY + days(0, 0.5, u[persons])
    step.service.changed_at[persons] = when
    step.lives.mrr[persons] = np.rint(step.lives.mrr[persons] * RISE).astype(np.int64)
    step.subscribe("price_raised", persons, when, reason=BY_COMPANY, late=_LATE)


def _move(step: Step, stream: str, persons: Ints, by: int, u: Floats) -> None:
    people, lives = step.people, step.lives
    when = step.month.start + days(2, 28, u[persons])
    step.service.changed_at[persons] = when
    lives.plan[persons] += by
    lives.mrr[persons] = monthly_price(
        lives.plan[persons],
        people.currency[persons],
        seats(lives.plan[persons], people.quantity[persons]),
        people.annual[persons],
        np.full(len(persons), step.month.count),
    )
    step.subscribe(stream, persons, when, reason=BY_CHOICE)


def _pause(step: Step, persons: Ints, u: Floats) -> None:
    when = step.month.start + days(2, 28, u[0][persons])
    back_at = when + days(20, 80, u[1][persons])
    step.subscribe("paused", persons, when, pays=False)
    step.subscribe("resumed", persons, back_at)
    step.lives.status[persons] = PAUSED
    step.lives.until[persons], step.lives.then[persons] = back_at, ACTIVE
    service = step.service
    service.bill_to[persons] = service.serve_to[persons] = service.pay_to[persons] = when
