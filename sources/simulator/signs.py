"""What the known events say about each person at the start of a month. Nothing else drives them."""

from dataclasses import dataclass

import numpy as np

from perdura.sources.simulator.journal import Journal
from perdura.sources.simulator.lives import Lives
from perdura.sources.simulator.people import People
from perdura.sources.simulator.prices import seats
from perdura.sources.simulator.vectors import DAY, Bools, Floats, Ints, Month


@dataclass(frozen=True, slots=True)
class SimulatedSigns:
    """One entry a person, from rows with ``happened_at`` and ``known_at`` before ``as_of``.

    Attributes:
        failures: Payments failed in the last 90 days.
        failures_lately: In the last 30 days.
        unpaid: Invoices open.
        taken_back: Refunds and disputes in the last 90 days.
        open_tickets: Tickets open.
        tickets: Tickets opened in the last 30 days.
        reply_hours: Mean hours to the first reply over the last 90 days; 0 without replies.
        low_ratings: Ratings of 1 or 2 in the last 90 days.
        high_ratings: Ratings of 4 or 5 in the last 90 days.
        how_to_tickets: Tickets opened to ask how something is done, in the last 90 days.
        escalations: Tickets escalated in the last 90 days.
        price_rises: In the last 60 days.
        downgrades: In the last 90 days.
        upgrades: In the last 180 days.
        pauses: Begun in the last 180 days.
        tenure_days: Since the subscription began.
        renews: Whether an annual plan renews this month.
        annual, plan, seats: As they are.
        of_year: The calendar month, 0 for January.
    """

    failures: Floats
    failures_lately: Floats
    unpaid: Floats
    taken_back: Floats
    open_tickets: Floats
    tickets: Floats
    reply_hours: Floats
    low_ratings: Floats
    high_ratings: Floats
    how_to_tickets: Floats
    escalations: Floats
    price_rises: Floats
    downgrades: Floats
    upgrades: Floats
    pauses: Floats
    tenure_days: Floats
    renews: Bools
    annual: Bools
    plan: Ints
    seats: Ints
    of_year: int


def read_signs(journal: Journal, people: People, lives: Lives, month: Month) -> SimulatedSigns:
    """The signs at the start of ``month``. Those not here have numbers that mean nothing."""
    as_of = month.start
    count, total = journal.count, journal.sum
    replies = count("replied", as_of, 90)
    return SimulatedSigns(
        failures=count("failed", as_of, 90),
        failures_lately=count("failed", as_of, 30),
        unpaid=count("invoiced", as_of) - count("paid", as_of) - count("written_off", as_of),
        taken_back=count("refunded", as_of, 90) + count("disputed", as_of, 90),
        open_tickets=count("opened", as_of) + count("reopened", as_of) - count("resolved", as_of),
        tickets=count("opened", as_of, 30),
        reply_hours=total("replied", "hours", as_of, 90) / np.maximum(replies, 1),
        low_ratings=total("rated", "low", as_of, 90),
        high_ratings=total("rated", "high", as_of, 90),
        how_to_tickets=total("opened", "how_to", as_of, 90),
        escalations=count("escalated", as_of, 90),
        price_rises=count("price_raised", as_of, 60),
        downgrades=count("downgraded", as_of, 90),
        upgrades=count("upgraded", as_of, 180),
        pauses=count("paused", as_of, 180),
        tenure_days=np.maximum(as_of - lives.started_at, 0) / DAY,
        renews=people.annual & (lives.bill_month == month.of_year) & (lives.started_at < as_of),
        annual=people.annual,
        plan=lives.plan,
        seats=seats(lives.plan, people.quantity),
        of_year=month.of_year,
    )
