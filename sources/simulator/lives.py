"""Where each person stands, month by month, and what that month holds for them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perdura.sources.simulator.people import BOOK, FIRST_OFFSET, People
from perdura.sources.simulator.prices import monthly_price, seats
from perdura.sources.simulator.vectors import DAY, MINUTE, NEVER, Bools, Ints, Month, start_of

AWAY, ACTIVE, LEAVING, PAUSED = range(4)

#: A bill later in the month than this would not be settled within it in February.
_LAST_OFFSET = 28 * DAY - 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Lives:
    """What is true of each person now; the vectors are changed in place.

    Attributes:
        status: One of the four above. Away: not here yet, on trial, or gone.
        until, then: When the status changes, and to what.
        returns_at: When a leaving subscriber comes back after being gone; ``NEVER`` for most.
        subscriptions: How many subscriptions they have begun.
        started_at: When the latest began.
        plan, mrr: As they stand, whatever is known of it.
        bill_offset: When in the month bills are due.
        bill_month: For annual plans the month of the year (0 is January) they renew in.
        owed, owed_amount: Number and amount of the one unpaid invoice; -1 without.
        failed_at: When a payment last failed.
        merged_at: When they went on under another account.
    """

    status: Ints
    until: Ints
    then: Ints
    returns_at: Ints
    subscriptions: Ints
    started_at: Ints
    plan: Ints
    mrr: Ints
    bill_offset: Ints
    bill_month: Ints
    owed: Ints
    owed_amount: Ints
    failed_at: Ints
    merged_at: Ints


@dataclass(frozen=True, slots=True)
class Service:
    """What one month holds for each person; the steps of the month fill it in.

    Attributes:
        starts: Whether a subscription begins this month, with its first bill at ``due_at``.
        serve_from, serve_to: Between these they are a customer and may write tickets.
        due_at: When a bill falls due.
        bill_from, bill_to: A bill falling due between these is issued.
        pay_to: Nothing is charged from then on.
        dunned: Whether this month ends their subscription for want of payment.
        pays_again_at: When a dunned subscriber has put the card right.
        changed_at, old_mrr: When the price changed, and what it was before.
    """

    starts: Bools
    serve_from: Ints
    serve_to: Ints
    due_at: Ints
    bill_from: Ints
    bill_to: Ints
    pay_to: Ints
    dunned: Bools
    pays_again_at: Ints
    changed_at: Ints
    old_mrr: Ints


def begin_lives(people: People, first_month: int) -> Lives:
    """Everyone before the first simulated month: the book is active, the others not here yet."""
    count = people.count
    book = people.arrives == BOOK
    came = np.where(book, first_month - people.months_before, first_month + people.arrives)
    came_at = start_of(came) + people.offset
    quantity = seats(people.plan, people.quantity)
    return Lives(
        status=np.where(book, ACTIVE, AWAY),
        until=np.where(book | ~people.stays, NEVER, came_at + people.trial_length),
        then=np.full(count, ACTIVE),
        returns_at=np.full(count, NEVER),
        subscriptions=np.ones(count, np.int64),
        started_at=np.where(book, came_at, NEVER),
        plan=people.plan.copy(),
        mrr=monthly_price(people.plan, people.currency, quantity, people.annual, came),
        bill_offset=people.offset.copy(),
        bill_month=came % 12,
        owed=np.full(count, -1),
        owed_amount=np.zeros(count, np.int64),
        failed_at=np.full(count, -NEVER),
        merged_at=np.full(count, NEVER),
    )


def settle(lives: Lives, as_of: int) -> None:
    """Carry out the changes of status that fell due before ``as_of``."""
    for _ in range(2):  # a leaving subscriber may have been gone and back since
        due = lives.until < as_of
        lives.status[due] = lives.then[due]
        gone = due & (lives.status == AWAY)
        lives.until[due] = np.where(gone, lives.returns_at, NEVER)[due]
        lives.then[gone] = ACTIVE
        lives.returns_at[gone] = NEVER


def begin_month(lives: Lives, month: Month) -> Service:
    """The month as it would go without any decision in it."""
    status, until = lives.status, lives.until
    resumes = (until < month.end) & (lives.then == ACTIVE)
    starts = resumes & (status == AWAY)
    lives.started_at[starts] = until[starts]
    lives.bill_offset[starts] = np.clip(until - month.start, FIRST_OFFSET, _LAST_OFFSET)[starts]
    lives.bill_month[starts] = month.of_year
    here = (status == ACTIVE) | (status == LEAVING)
    ends = np.where((status == LEAVING) & (lives.then == AWAY), until, NEVER)
    return Service(
        starts=starts,
        serve_from=np.where(here, month.start, np.where(resumes, until, NEVER)),
        serve_to=ends,
        due_at=np.where(starts, until, month.start + lives.bill_offset),
        bill_from=np.where(status == ACTIVE, month.start, np.where(resumes, until, NEVER)),
        bill_to=np.full(len(status), NEVER),
        pay_to=ends.copy(),
        dunned=np.zeros(len(status), bool),
        pays_again_at=np.full(len(status), NEVER),
        changed_at=np.full(len(status), NEVER),
        old_mrr=lives.mrr.copy(),
    )


def described(lives: Lives, persons: Ints, *, pays: bool, reason: int) -> dict[str, npt.ArrayLike]:
    """The own columns of subscription events of ``persons``, as their lives stand."""
    return {
        "subscription_id": lives.subscriptions[persons],
        "plan": lives.plan[persons],
        "mrr": lives.mrr[persons] if pays else 0,
        "reason": reason,
    }
