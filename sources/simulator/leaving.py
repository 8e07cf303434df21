"""Who leaves this month, how, and which of them think better of it."""

import numpy as np

from perdura.sources.simulator.hazard import UNDONE_BY_CHOICE, UNDONE_BY_PAYMENT, Hazard
from perdura.sources.simulator.lives import ACTIVE, AWAY, LEAVING
from perdura.sources.simulator.step import BY_CHOICE, BY_PAYMENT, Step
from perdura.sources.simulator.vectors import DAY, HOUR, NEVER, Bools, Floats, Ints, days, start_of

_AT_ONCE = 0.2
_RETURN_LATER = 0.15


def leave(step: Step, hazard: Hazard) -> Bools:
    """Draw once who of the active leaves, and write it. Returns who leaves.

    Every departure falls in ``[start + 2 days, start + 28 days)``, so that the 30 days from
    any month's start hold that month's departures and no other's.
    """
    u = step.chances(7)
    active = step.lives.status == ACTIVE
    by_payment = active & (u[0] < hazard.payment)
    by_choice = active & ~by_payment & (u[1] < hazard.voluntary)
    at_once = by_choice & (u[2] < _AT_ONCE)
    persons = np.flatnonzero(by_payment)
    when = step.month.start + days(8, 28, u[3][persons])
    undone = u[4][persons] < UNDONE_BY_PAYMENT
    step.service.dunned[persons] = True
    step.service.bill_to[persons] = step.month.start
    _end(step, persons, when, u[5:, persons], reason=BY_PAYMENT, undone=undone)
    step.service.pays_again_at[persons[undone]] = step.lives.until[persons[undone]]
    persons = np.flatnonzero(at_once)
    when = _chosen_moment(step, persons, u[3][persons])
    step.service.bill_to[persons] = when
    undone = u[4][persons] < UNDONE_BY_CHOICE
    _end(step, persons, when, u[5:, persons], reason=BY_CHOICE, undone=undone)
    _cancel(step, np.flatnonzero(by_choice & ~at_once), u[3:])
    return by_payment | by_choice


def _chosen_moment(step: Step, persons: Ints, u: Floats) -> Ints:
    """Anywhere in the month; for annual plans that renew in it, before they do."""
    lives = step.lives
    renews = step.people.annual[persons] & (lives.bill_month[persons] == step.month.of_year)
    last = np.where(renews, lives.bill_offset[persons] - HOUR, 28 * DAY)
    return step.month.start + 2 * DAY + (u * (last - 2 * DAY)).astype(np.int64)


def _end(step: Step, persons: Ints, when: Ints, u: Floats, *, reason: int, undone: Bools) -> None:
    """End now. Where it is undone, they begin again early next month, within 30 days."""
    step.subscribe("ended", persons, when, pays=False, reason=reason)
    end, lives = step.month.end, step.lives
    soon = end + (u[0] * (when + 29.5 * DAY - end)).astype(np.int64)
    back_at = np.where(undone, soon, _back_later(when, u))
    lives.status[persons], lives.then[persons], lives.until[persons] = AWAY, ACTIVE, back_at
    step.service.serve_to[persons] = step.service.pay_to[persons] = when
    _begin_again(step, persons, back_at)


def _back_later(gone_at: Ints, u: Floats) -> Ints:
    return np.where(u[1] < _RETURN_LATER, gone_at + days(35, 240, u[0]), NEVER)


def _begin_again(step: Step, persons: Ints, back_at: Ints) -> None:
    back = back_at < NEVER
    step.lives.subscriptions[persons[back]] += 1
    step.subscribe("started", persons[back], back_at[back])


def _cancel(step: Step, persons: Ints, u: Floats) -> None:
    """Cancel to the end of what is paid for, or withdraw that before it ends."""
    when = _chosen_moment(step, persons, u[0][persons])
    step.subscribe("cancel_scheduled", persons, when, reason=BY_CHOICE)
    step.lives.status[persons] = LEAVING
    ends_at = _paid_until(step, persons, when)
    undone = u[1][persons] < UNDONE_BY_CHOICE
    stays, within = persons[undone], np.minimum(ends_at - when, 20 * DAY)[undone]
    withdrawn_at = when[undone] + (within * (0.1 + 0.8 * u[2, stays])).astype(np.int64)
    step.subscribe("cancel_withdrawn", stays, withdrawn_at)
    step.lives.until[stays], step.lives.then[stays] = withdrawn_at, ACTIVE
    gone, end = persons[~undone], ends_at[~undone]
    step.subscribe("ended", gone, end, pays=False, reason=BY_CHOICE)
    step.lives.until[gone], step.lives.then[gone] = end, AWAY
    step.service.bill_to[gone] = when[~undone]
    step.service.serve_to[gone] = step.service.pay_to[gone] = end
    step.lives.returns_at[gone] = _back_later(end, u[2:, gone])
    _begin_again(step, gone, step.lives.returns_at[gone])


def _paid_until(step: Step, persons: Ints, when: Ints) -> Ints:
    """The next moment after ``when`` when a bill would fall due."""
    lives, month, annual = step.lives, step.month.count, step.people.annual[persons]
    ahead = np.where(annual, (lives.bill_month[persons] - month) % 12, 0)
    due = start_of(month + ahead) + lives.bill_offset[persons]
    following = start_of(month + ahead + np.where(annual, 12, 1)) + lives.bill_offset[persons]
    return np.where(due > when, due, following)
