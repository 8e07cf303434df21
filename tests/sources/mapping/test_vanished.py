"""What landed and is given no longer, and what is told as before again, as a slow look says."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, USAGE
from perdura.sources.mapping.vanished import Vanished, example, reverted, vanished

DAY = datetime(2026, 2, 1, tzinfo=UTC)
#: Payment, amount, day it was known: the same payment is told with several amounts.
Version = tuple[str, int, int]

versions = st.lists(
    st.tuples(st.sampled_from("pq"), st.integers(1, 3), st.integers(0, 5)), max_size=6,
    unique_by=lambda one: one[:2],
)  # fmt: skip


def payments(rows: list[Version]) -> pl.LazyFrame:
    return pl.LazyFrame(
        [
            dict.fromkeys(PAYMENTS.schema)
            | {"subscriber_id": "ann", "payment_id": payment, "kind": "paid", "amount": amount}
            | {"happened_at": DAY, "known_at": DAY + timedelta(days=known)}
            for payment, amount, known in rows
        ],
        schema=PAYMENTS.schema,
    )


@given(landed=versions, given_rows=versions)
def test_an_event_has_vanished_if_no_version_of_it_is_given(landed, given_rows):
    there = {payment for payment, *_ in given_rows}
    found = vanished(PAYMENTS, payments(landed), payments(given_rows))
    assert found.count == sum(payment not in there for payment, *_ in landed)
    assert (found.oldest.height == 1) is (found.count > 0)


def told_again(landed: list[Version], given_rows: list[Version]) -> set[Version]:
    """Given rows that landed once, were told otherwise later, and are told as at first again."""
    again: set[Version] = set()
    for payment in {one[0] for one in landed}:
        own = [one for one in landed if one[0] == payment]
        now = [one for one in given_rows if one[0] == payment]
        told = {one[1] for one in now}
        gone = [one[2] for one in own if one[1] not in told]
        back = [one[2] for one in own if one[1] in told]
        new = told - {one[1] for one in own}
        if gone and back and max(back) < max(gone) and not new:
            newest = {one[1] for one in own if one[1] in told and one[2] == max(back)}
            again |= {one for one in now if one[1] in newest}
    return again


@given(landed=versions, given_rows=versions)
def test_what_is_told_as_at_first_again_counts_anew(landed, given_rows):
    stored = payments(landed)
    found = reverted(PAYMENTS, stored, stored, payments(given_rows))
    assert {
        (payment, amount, (known - DAY).days)
        for payment, amount, known in found.select("payment_id", "amount", "known_at").rows()
    } == told_again(landed, given_rows)


@pytest.mark.parametrize(
    ("landed", "given_rows", "again"),
    [
        ([("p", 1, 0), ("p", 2, 1)], [("p", 1, 0)], True),  # a correction taken back
        ([("p", 1, 0), ("p", 2, 1)], [("p", 2, 1)], False),  # the correction stands
        ([("p", 1, 0), ("p", 2, 1)], [("p", 1, 0), ("p", 2, 1)], False),
        ([("p", 1, 0), ("p", 2, 1)], [("p", 3, 2)], False),  # corrected again
        ([("p", 1, 0), ("p", 2, 1)], [("p", 1, 0), ("p", 3, 2)], False),
        ([("p", 1, 0)], [("p", 1, 0)], False),
        ([("p", 1, 0), ("p", 2, 0)], [("p", 1, 0)], False),  # neither is the newer
        ([("p", 1, 1), ("p", 2, 0)], [("p", 1, 1)], False),  # what is given is newer already
    ],
)
def test_by_hand(landed, given_rows, again: bool):
    stored = payments(landed)
    assert reverted(PAYMENTS, stored, stored, payments(given_rows)).is_empty() is not again


def test_tables_of_events_without_a_thing_have_no_versions_and_are_compared_whole():
    rows = [{"subscriber_id": "ann", "happened_at": DAY, "known_at": DAY, "kind": "seen"}]
    one, two = (
        pl.LazyFrame([row | {"quantity": n} for row in rows], schema=USAGE.schema)
        for n in (1.0, 2.0)
    )
    assert vanished(USAGE, one, two).count == 1
    assert vanished(USAGE, one, one).count == 0
    assert reverted(USAGE, one, one, two).is_empty()


def test_what_was_inferred_was_never_given_and_cannot_vanish():
    row = dict.fromkeys(SUBSCRIPTIONS.schema) | {"subscriber_id": "ann", "subscription_id": "s"}
    times = {"happened_at": DAY, "known_at": DAY, "kind": "ended"}
    stored = pl.LazyFrame(
        [row | times | {"reason": reason} for reason in ("snapshot", "voluntary")],
        schema=SUBSCRIPTIONS.schema,
    )
    none = pl.LazyFrame(schema=SUBSCRIPTIONS.schema)
    assert vanished(SUBSCRIPTIONS, stored, none).count == 1


def test_the_oldest_of_all_ranges_is_the_example():
    found = [vanished(PAYMENTS, payments([(one, 1, 0)]), payments([])) for one in "qp"]
    nothing = vanished(PAYMENTS, None, payments([]))
    assert nothing == Vanished(0, nothing.oldest)
    assert example([nothing]) == ""
    assert example([nothing, *found]) == "paid of p, 2026-02-01 00:00 UTC"
