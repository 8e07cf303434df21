"""Arrears: an invoice is owed while the last try to pay it failed, as a walk over payments says."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import PAYMENTS
from perdura.sources.states.arrears import ever_failed, past_due

DAY = datetime(2026, 1, 1, tzinfo=UTC)
#: Subscriber, invoice, kind, day.
Payment = tuple[str, str | None, str, int]

payments = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from(["i", "j", None]),
        st.sampled_from(PAYMENTS.kinds),
        st.integers(0, 4),
    ),
    max_size=10,
)


def frame(rows: list[Payment]) -> pl.LazyFrame:
    return pl.LazyFrame(
        [
            dict.fromkeys(PAYMENTS.schema)
            | {"subscriber_id": who, "invoice_id": invoice, "kind": kind}
            | dict.fromkeys(("happened_at", "known_at"), DAY + timedelta(days=day))
            for who, invoice, kind, day in rows
        ],
        schema=PAYMENTS.schema,
    )


def owed(rows: list[Payment]) -> dict[str, datetime]:
    """Who owes, and when the last of the failures of what is owed was."""
    found: dict[str, datetime] = {}
    for who, invoice in {row[:2] for row in rows}:
        own = [row for row in rows if row[:2] == (who, invoice)]
        failed = [day for _, _, kind, day in own if kind == "failed"]
        settled = [day for _, _, kind, day in own if kind in {"paid", "written_off"}]
        if failed and (not settled or max(failed) > max(settled)):
            when = DAY + timedelta(days=max(failed))
            found[who] = max(when, found.get(who, when))
    return found


def told(rows: pl.LazyFrame) -> dict[str, datetime]:
    return {who: when for who, when in past_due(rows).collect().rows() if when is not None}


@given(payments)
def test_an_invoice_is_owed_if_it_failed_later_than_it_was_settled(rows: list[Payment]):
    assert told(frame(rows)) == owed(rows)


@given(rows=payments, until=st.integers(0, 6))
def test_invoices_that_never_failed_tell_nothing_and_are_not_read(rows, until):
    moment = DAY + timedelta(days=until)
    few = ever_failed({PAYMENTS.name: frame(rows)}, moment)[PAYMENTS.name]
    known = pl.col("known_at") < moment
    assert told(few.filter(known)) == told(frame(rows).filter(known))
    kept = {invoice for invoice in few.collect()["invoice_id"] if invoice}
    assert kept <= {row[1] for row in rows if row[2] == "failed" and row[3] < until}


@pytest.mark.parametrize(
    ("rows", "owes"),
    [
        ([("a", "i", "failed", 0)], True),
        ([("a", "i", "failed", 0), ("a", "i", "paid", 0)], False),  # at one moment it was settled
        ([("a", "i", "failed", 0), ("a", "i", "paid", 1)], False),
        ([("a", "i", "failed", 0), ("a", "j", "paid", 1)], True),  # another invoice
        ([("a", "i", "failed", 0), ("a", "i", "written_off", 1)], False),
        ([("a", "i", "paid", 0), ("a", "i", "failed", 1)], True),
        ([("a", "i", "failed", 0), ("a", "i", "refunded", 1)], True),
        ([("a", "i", "invoiced", 0)], False),  # nothing was tried
        ([("a", None, "failed", 0), ("a", None, "paid", 1)], False),  # taken for one invoice
        ([("a", "i", "failed", 0), ("b", "i", "paid", 1)], True),  # another's payment of that name
    ],
)
def test_by_hand(rows: list[Payment], owes: bool):
    assert bool(told(frame(rows))) is owes


def test_a_failure_that_is_not_known_yet_makes_no_invoice_worth_reading():
    rows = frame([("a", "i", "failed", 3), ("a", "i", "paid", 4)])
    few = ever_failed({PAYMENTS.name: rows}, DAY + timedelta(days=3))
    assert few[PAYMENTS.name].collect().is_empty()
