"""Whom a list names, in which order, and where its pages end."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from perdura.risk.query.cursors import BadCursor, NightChanged
from perdura.risk.query.filters import Filters
from perdura.risk.query.list_query import BadQuestion, ListQuery
from perdura.risk.query.pages import Page, current, moves, one, over_time
from perdura.risk.schema.recent import STATES
from perdura.risk.store.connect import reading, writing
from tests.risk.test_table import MARCH_2, put, score, scores
from tests.support.api_served import module_store

PEOPLE = scores(
    score("ann", 0.30, mrr=1000, plan="pro", country="ES", action="call", held_out=True),
    score("bob", 0.20, mrr=9000, plan="basic", country="FR"),
    score("cid", 0.05, mrr=1000, plan="pro", country="ES", risk_voluntary=0.01, risk_payment=0.04),
    score("dee", 0.50, mrr=200, state="past_due", risk_voluntary=0.4, risk_payment=0.1),
)


@pytest.fixture
def url(store_url: str) -> str:
    put(PEOPLE, store_url)
    return store_url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def people(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """The same for all questions that change nothing."""
    with module_store(request, tmp_path_factory) as url:
        put(PEOPLE, url)
        yield url


PAGING = ("sort", "size", "after")


def asked(url: str, **wanted: Any) -> Page:
    paging = {name: wanted.pop(name) for name in PAGING if name in wanted}
    with reading(url) as connection:
        return current(connection, ListQuery(filters=Filters(**wanted), **paging))


def names(url: str, **wanted: Any) -> str:
    return " ".join(row["subscriber_id"] for row in asked(url, **wanted).rows)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "bob ann dee cid"),  # 1,800, 300, 100 and 50 cents may be lost
        ({"sort": "risk"}, "dee ann bob cid"),
        ({"sort": "id"}, "ann bob cid dee"),
        ({"band": ("high", "low")}, "ann dee cid"),
        ({"state": ("past_due",)}, "dee"),
        ({"cause": "payment"}, "cid"),
        ({"cause": "voluntary"}, "bob ann dee"),  # halves of bob and ann: equal parts
        ({"action": ("call",)}, "ann"),
        ({"plan": ("pro",), "country": ("ES",)}, "ann cid"),
        ({"currency": "EUR", "minimum": 100}, "bob ann dee"),
        ({"currency": "USD"}, ""),
        ({"held_out": True}, "ann"),
        ({"held_out": False}, "bob dee cid"),
        ({"prefix": "b"}, "bob"),
        ({"prefix": "%"}, ""),
        ({"prefix": "B"}, ""),
    ],
)
def test_filters_and_orders(people, wanted, found):
    assert names(people, **wanted) == found


def test_a_minimum_of_money_needs_its_currency():
    with pytest.raises(BadQuestion, match="needs its currency"):
        ListQuery(filters=Filters(minimum=100))


def test_who_cancelled_since_the_night_is_leaving_and_no_longer_at_risk(url):
    since = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with writing(url) as connection:
        row = {"subscriber_id": "bob", "state": "leaving", "since": since, "as_of": since}
        connection.execute(sa.insert(STATES).values(row))
    assert names(url) == "ann dee cid"
    (bob,) = asked(url, state=("leaving",)).rows
    assert (bob["state_scored"], bob["state_since"]) == ("active", since)
    assert names(url, state=()) == "bob ann dee cid"


def test_whose_worth_is_unknown_comes_last(url):
    put(
        scores(score("ann", 0.3, mrr=None), score("bob", 0.2), score("cid", 0.9, mrr=0)),
        url,
        MARCH_2,
    )
    assert names(url) == "bob cid ann"
    assert names(url, sort="risk") == "cid ann bob"


def test_who_is_new_was_in_another_band_or_in_none(url):
    assert names(url, new=True) == ""  # the first night that there is
    put(scores(score("ann", 0.3), score("bob", 0.9), score("eve", 0.01)), url, MARCH_2)
    assert names(url, new=True) == "bob eve"


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A night of a hundred, among them many of equal worth."""
    url = f"sqlite:///{tmp_path_factory.mktemp('hundred')}/risk.db"
    people = [score(f"s{n:02}", (n * 37 % 100) / 100, mrr=n % 3 * 100) for n in range(100)]
    put(scores(*people), url)
    return url


@given(size=st.integers(1, 40), sort=st.sampled_from(["worth", "risk", "id"]))
def test_pages_put_together_are_the_list(hundred, size, sort):
    pages, after = [], None
    while not pages or after:
        page = asked(hundred, sort=sort, size=size, after=after)
        pages, after = [*pages, page.rows], page.after
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    together = [row for page in pages for row in page]
    assert together == asked(hundred, sort=sort, size=500).rows
    assert len(together) == 100


def test_a_cursor_of_another_question_or_a_changed_one_is_refused(hundred):
    after = asked(hundred, size=5).after
    assert after
    for changed in (after[:-1], after + "A", "A" + after[1:], "", "é", "[" * 4_000, after.lower()):
        with pytest.raises(BadCursor):
            asked(hundred, size=5, after=changed)
    with pytest.raises(BadCursor):
        asked(hundred, sort="risk", after=after)
    assert asked(hundred, size=7, after=after).rows  # another size is the same list


def test_a_cursor_of_the_night_before_is_refused(url):
    after = asked(url, size=1).after
    put(PEOPLE, url, MARCH_2)
    with pytest.raises(NightChanged, match="2026-03-02 was published since"):
        asked(url, size=1, after=after)


def test_moves_name_who_is_in_another_band_and_by_what(url):
    put(scores(score("ann", 0.01), score("bob", 0.9), score("cid", 0.05)), url, MARCH_2)
    with reading(url) as connection:
        found = moves(connection).rows
        assert [(m["subscriber_id"], m["band_before"], m["band"]) for m in found] == [
            ("bob", "medium", "high"),
            ("ann", "high", "low"),
        ]
        assert [m["subscriber_id"] for m in moves(connection, bands=["low"]).rows] == ["ann"]
        assert [m["subscriber_id"] for m in moves(connection, before=["low"]).rows] == []
        first = moves(connection, size=1)
        following = moves(connection, size=1, after=first.after)
        assert [m["subscriber_id"] for m in following.rows] == ["ann"]
        assert following.after is None


def test_one_subscriber_now_and_over_time(url):
    put(scores(score("bob", 0.9)), url, MARCH_2)
    with reading(url) as connection:
        assert one(connection, "ann") is None
        assert [row["risk"] for row in over_time(connection, "ann")] == [0.3]
        bob = one(connection, "bob")
        assert bob
        assert (bob["risk"], bob["band_before"]) == (0.9, "medium")
        assert [row["risk"] for row in over_time(connection, "bob")] == [0.2, 0.9]
        assert [row["risk"] for row in over_time(connection, "bob", nights=1)] == [0.9]
        assert one(connection, "' OR 1=1 --") is None


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("worth", "dearest"),
        ("risk", "riskiest"),
        ("id", "sqlite_autoindex_risk_1"),
    ],
)
def test_no_page_reads_a_night_whole_or_sorts_it(hundred, sort, index):
    steps: list[str] = []
    after = asked(hundred, sort=sort, size=5, band=("high",)).after
    with reading(hundred) as connection, sqlite3.connect(hundred[10:]) as beside:

        def explain(*told: Any) -> None:
            steps.extend(s[-1] for s in beside.execute(f"EXPLAIN QUERY PLAN {told[2]}", told[3]))

        event.listen(connection, "before_cursor_execute", explain)
        high = Filters(band=["high"])
        current(connection, ListQuery(filters=high, sort=sort))
        current(connection, ListQuery(filters=high, sort=sort, after=after))
    beside.close()
    assert sum(f"risk USING INDEX {index}" in step for step in steps) >= 2
    assert not any("SCAN risk" in step or "TEMP B-TREE" in step for step in steps)
