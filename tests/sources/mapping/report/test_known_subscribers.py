"""Whether a table's subscribers are known from others: ids of another kind are noticed."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import CONTACTS, MERGES, PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.report.known_subscribers import Known, known_in
from tests.support.tables import events

DAY = date(2026, 3, 1)
ids = st.sets(st.sampled_from("abcdef"), max_size=6)


def land(landing: Landing, table: EventTable, who: Iterable[str], day: date = DAY, **own) -> None:
    rows = [
        {"subscriber_id": one, "happened_at": "2026-02-01", "kind": table.kinds[0]} | own
        for one in who
    ]
    landing.land(table, day, events(**{table.name: rows})[table.name].collect())


@given(tickets=ids, subscriptions=ids, payments=ids)
def test_those_are_known_whom_subscriptions_or_payments_name(
    tmp_path_factory, tickets, subscriptions, payments
):
    landing = Landing(tmp_path_factory.mktemp("landing"))
    for table, who in ((TICKETS, tickets), (SUBSCRIPTIONS, subscriptions), (PAYMENTS, payments)):
        land(landing, table, who)
    found = known_in(landing, TICKETS, 0.05)
    tell = subscriptions | payments
    if not tell or not tickets:
        assert found is None
        return
    assert found is not None
    assert (found.subscribers, found.known) == (len(tickets), len(tickets & tell))
    assert found.by == tuple(
        name for name, who in (("subscriptions", subscriptions), ("payments", payments)) if who
    )
    assert found.example == min(tickets - tell, default=None)
    few = 2 * len(tickets & tell) < len(tickets)
    assert found.theirs == (min(tell - tickets, default=None) if few else None)


def test_of_payments_subscriptions_alone_tell_and_of_subscriptions_nothing(tmp_path: Path):
    landing = Landing(tmp_path)
    land(landing, SUBSCRIPTIONS, "ab")
    land(landing, PAYMENTS, "bc")
    found = known_in(landing, PAYMENTS, 0.05)
    assert found is not None
    assert (found.by, found.known, found.example) == (("subscriptions",), 1, "c")
    assert known_in(landing, SUBSCRIPTIONS, 0.05) is None
    assert known_in(landing, CONTACTS, 0.05) is None  # nothing has landed of it


def test_where_half_are_known_their_ids_are_of_one_kind(tmp_path: Path):
    landing = Landing(tmp_path)
    land(landing, SUBSCRIPTIONS, "ac")
    land(landing, TICKETS, "ab")
    found = known_in(landing, TICKETS, 0.05)
    assert found == Known(
        subscribers=2, known=1, by=("subscriptions",), example="b", theirs=None, least=0.05
    )


@pytest.mark.parametrize(("merged", "into"), [("old", "a"), ("a", "old")])
def test_accounts_that_are_one_with_a_known_one_are_known(tmp_path: Path, merged: str, into: str):
    landing = Landing(tmp_path)
    land(landing, SUBSCRIPTIONS, ["a"])
    land(landing, TICKETS, ["old", "new"])
    land(landing, MERGES, [merged], merged_into=into)
    found = known_in(landing, TICKETS, 0.05)
    assert found is not None
    assert (found.known, found.example) == (1, "new")


def test_the_newest_files_count_once_they_have_a_thousand_events(tmp_path: Path):
    landing = Landing(tmp_path)
    land(landing, SUBSCRIPTIONS, ["a"])
    land(landing, TICKETS, ["strange"], date(2026, 2, 1))
    land(landing, TICKETS, [f"s{n}" for n in range(999)], date(2026, 2, 2))
    assert known_in(landing, TICKETS, 0.05).subscribers == 1000  # type: ignore[union-attr]
    land(landing, TICKETS, [f"t{n}" for n in range(1000)], date(2026, 2, 3))
    assert known_in(landing, TICKETS, 0.05).subscribers == 1000  # type: ignore[union-attr]


def known(subscribers: int, count: int, least: float = 0.05, **more) -> Known:
    named = {"by": ("payments",), "example": "x", "theirs": None} | more
    return Known(subscribers=subscribers, known=count, least=least, **named)


@pytest.mark.parametrize(
    ("subscribers", "count", "least", "few", "too_few"),
    [
        (100, 4, 0.05, True, True),
        (100, 5, 0.05, True, False),
        (100, 49, 0.05, True, False),
        (100, 50, 0.05, False, False),
        (100, 50, 0.9, False, True),
        (1, 0, 0.05, True, False),  # one may be new
        (2, 0, 0.05, True, True),
        (100, 0, 0.0, True, False),  # the mapping asks for none
    ],
)
def test_how_few_are_too_few(subscribers, count, least, few, too_few):
    found = known(subscribers, count, least)
    assert (found.is_few, found.is_too_few) == (few, too_few)


def test_few_are_told_with_both_kinds_of_ids_and_what_to_do():
    assert known(1200, 1100).in_words() == "1,100 of 1,200 subscribers are known from payments"
    two = known(10, 1, by=("subscriptions", "payments"), example="u@x.org", theirs="cus_1")
    assert two.in_words() == (
        "1 of 10 subscribers are known from subscriptions or payments; its ids are such as "
        "'u@x.org', and those of subscriptions or payments such as 'cus_1'. Map the id that both "
        "have, by a join if another file ties them together"
    )
    assert "and those of" not in known(10, 1).in_words()
