"""Who comes: the book from before the first month, and newcomers, some by way of a trial."""

import numpy as np

from perdura.sources.simulator.journal import Journal
from perdura.sources.simulator.lives import Lives, described
from perdura.sources.simulator.people import BOOK, People
from perdura.sources.simulator.prices import REASONS
from perdura.sources.simulator.vectors import Bools, Ints, start_of

_BY_CHOICE = REASONS.index("voluntary")


def write_book(journal: Journal, people: People, lives: Lives, first_month: int) -> None:
    """What is told of the book's past: when each began, and the last bill of annual plans."""
    in_book = people.arrives == BOOK
    _write(journal, lives, "started", in_book, lives.started_at)
    book = np.flatnonzero(in_book)
    yearly = book[people.annual[book]]
    years = (people.months_before[yearly] - 1) // 12
    billed = first_month - people.months_before[yearly] + 12 * years
    when = start_of(billed) + lives.bill_offset[yearly]
    own = {
        "invoice_id": journal.numbers("invoice", len(yearly)),
        "amount": 12 * lives.mrr[yearly],
    }
    journal.write("invoiced", yearly, when, when, **own)
    payment = journal.numbers("payment", len(yearly))
    journal.write("paid", yearly, when, when, payment_id=payment, **own)


def write_newcomers(journal: Journal, people: People, lives: Lives, first_month: int) -> None:
    """The coming of everyone else, in whichever month that is."""
    newcomers = people.arrives != BOOK
    came_at = start_of(first_month + people.arrives) + people.offset
    first_at = came_at + people.trial_length
    left = newcomers & ~people.stays
    _write(journal, lives, "trial_started", newcomers & people.trial, came_at, pays=False)
    _write(journal, lives, "started", newcomers & people.stays, first_at)
    _write(journal, lives, "ended", left, first_at, pays=False, reason=_BY_CHOICE)


def _write(
    journal: Journal,
    lives: Lives,
    kind: str,
    chosen: Bools,
    moments: Ints,
    *,
    pays: bool = True,
    reason: int = -1,
) -> None:
    persons = np.flatnonzero(chosen)
    when = moments[persons]
    journal.write(kind, persons, when, when, **described(lives, persons, pays=pays, reason=reason))
