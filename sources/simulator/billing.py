"""Invoices and payments: what falls due, what fails, how it is tried again, what is lost."""

import numpy as np

from perdura.sources.simulator.lives import PAUSED
from perdura.sources.simulator.step import Step
from perdura.sources.simulator.vectors import DAY, HOUR, MINUTE, NEVER, Bools, Ints, days

FAILURE_CODES = ("insufficient_funds", "card_declined", "expired_card", "account_closed")

#: Chance that the first try fails, by method; three times that after a recent failure.
_FAILS = np.array([0.054, 0.04, 0.046])
#: Chance that a later try works, and days from the bill to each.
_RETRY_WORKS = 0.42
_RETRIES_AFTER = (0.0, 3.0, 6.0, 10.0)
#: Chance that a debt of last month is paid in this one.
_RECOVERS = 0.72
#: Shares told to us days or weeks late.
_LATE, _LATE_INVOICE = 0.06, 0.03
#: Shares of payments that are taken back later.
_REFUNDED, _DISPUTED = 0.008, 0.002


def bill(step: Step) -> None:
    """The month's payments: old debts first, then new invoices, then what is given up."""
    _dun(step)
    _charge(step)
    _give_up(step)


def _dun(step: Step) -> None:
    """Try old debts again: up to three times, until one try works or the month is over."""
    lives, service = step.lives, step.service
    persons = np.flatnonzero((lives.owed >= 0) & (service.serve_from < step.month.end))
    u = step.rng.random((5, len(persons)))
    recovers = ~service.dunned[persons] & (u[0] < _RECOVERS)
    works_at = np.where(recovers, (u[1] * 3).astype(np.int64), 3)
    when = np.maximum(step.month.start, service.serve_from[persons])
    for attempt in range(3):
        when = when + days(0.5, 6.0, u[2 + attempt])
        _try(step, persons, when, works_at == attempt)
    # Nothing new is billed to debtors before they have paid.
    paid_at = np.where(lives.owed[persons] < 0, when + HOUR, NEVER)
    service.due_at[persons] = np.maximum(service.due_at[persons], paid_at)


def _charge(step: Step) -> None:
    """Issue the month's invoices and try to collect them, four times at most."""
    people, lives, service, month = step.people, step.lives, step.service, step.month
    due = (service.due_at >= service.bill_from) & (service.due_at < service.bill_to)
    renews = service.starts | ~people.annual | (lives.bill_month == month.of_year)
    persons = np.flatnonzero(due & renews & (service.due_at < month.end) & (lives.owed < 0))
    when = service.due_at[persons]
    mrr = np.where(when < service.changed_at[persons], service.old_mrr[persons], lives.mrr[persons])
    lives.owed[persons] = step.journal.numbers("invoice", len(persons))
    lives.owed_amount[persons] = mrr * np.where(people.annual[persons], 12, 1)
    known_at = _write_invoices(step, persons, when)
    u = step.rng.random((5, len(persons)))
    recently = lives.failed_at[persons] > when - 100 * DAY
    fails = _FAILS[people.method[persons]] * np.where(recently, 3, 1)
    for attempt, after in enumerate(_RETRIES_AFTER):
        works = u[attempt] >= fails if attempt == 0 else u[attempt] < _RETRY_WORKS
        tried_at = when + 2 * MINUTE + days(after, after * 1.05, u[4])
        _try(step, persons, tried_at, works, known_from=known_at)


def _write_invoices(step: Step, persons: Ints, when: Ints) -> Ints:
    """Write them. Returns when each is known: no payment of it is known before that."""
    late = step.rng.random(len(persons)) < _LATE_INVOICE
    weeks = days(1, 25, step.rng.random(len(persons)))
    known_at = when + MINUTE + np.where(late, weeks, 0)
    lives = step.lives
    step.journal.write(
        "invoiced",
        persons,
        when,
        known_at,
        invoice_id=lives.owed[persons],
        amount=lives.owed_amount[persons],
    )
    return known_at


def _try(
    step: Step, persons: Ints, when: Ints, works: Bools, *, known_from: Ints | None = None
) -> None:
    """Charge those who owe, unless their service or the month is over by then."""
    last = np.minimum(step.service.pay_to[persons], step.month.end - 15 * MINUTE)
    tried = (step.lives.owed[persons] >= 0) & (when < last)
    failed = persons[tried & ~works]
    failed_at = when[tried & ~works]
    step.lives.failed_at[failed] = failed_at
    step.write(
        "failed",
        failed,
        failed_at,
        late=_LATE,
        payment_id=step.journal.numbers("payment", len(failed)),
        invoice_id=step.lives.owed[failed],
        amount=step.lives.owed_amount[failed],
        failure_code=step.rng.integers(len(FAILURE_CODES), size=len(failed)),
    )
    paid = tried & works
    _pay(step, persons[paid], when[paid], None if known_from is None else known_from[paid])


def _pay(step: Step, persons: Ints, when: Ints, known_from: Ints | None = None) -> None:
    lives = step.lives
    payment = step.journal.numbers("payment", len(persons))
    columns = {
        "payment_id": payment,
        "invoice_id": lives.owed[persons],
        "amount": lives.owed_amount[persons],
    }
    known_at = when + (step.rng.random(len(persons)) * 8 * MINUTE).astype(np.int64)
    if known_from is not None:
        known_at = np.maximum(known_at, known_from)
    step.journal.write("paid", persons, when, known_at, **columns)
    u = step.rng.random(len(persons))
    for kind, back in (
        ("refunded", u < _REFUNDED),
        ("disputed", u > 1 - _DISPUTED),
    ):
        back_at = when[back] + days(0.5, 12, step.rng.random(int(back.sum())))
        own = {name: column[back] for name, column in columns.items()}
        step.write(kind, persons[back], back_at, late=_LATE, **own)
    lives.owed[persons] = -1


def _give_up(step: Step) -> None:
    """Write off what the gone still owe, unless they put their card right and paid."""
    lives, service = step.lives, step.service
    gone = (service.serve_to < step.month.end) & (lives.status != PAUSED) & (lives.owed >= 0)
    back = np.flatnonzero(gone & (service.pays_again_at < NEVER))
    _pay(step, back, service.pays_again_at[back])
    lost = np.flatnonzero(gone & (service.pays_again_at == NEVER))
    lost_at = service.serve_to[lost] + days(5, 30, step.rng.random(len(lost)))
    step.write(
        "written_off", lost, lost_at, invoice_id=lives.owed[lost], amount=lives.owed_amount[lost]
    )
    lives.owed[lost] = -1
