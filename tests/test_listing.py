"""Whom a list names, in which order, and where its pages end."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from risk.cursors import BadCursor, NightChanged
from risk.listing import BadQuestion, Page, Wanted, conditions, current, moves, one, over_time
from risk.listing import _sorted as in_order
from risk.recent import STATES
from risk.store import reading, writing
from risk.views import CURRENT
from tests.test_risk_table import MARCH_2, MARCH_3, put, score, scores

PEOPLE = scores(
    score("ann", 0.30, mrr=1000, plan="pro", country="ES", action="call", held_out=True),
    score("bob", 0.20, mrr=9000, plan="basic", country="FR"),
    score("cid", 0.05, mrr=1000, plan="pro", country="ES", risk_voluntary=0.01, risk_payment=0.04),
    score("dee", 0.50, mrr=200, state="past_due", risk_voluntary=0.4, risk_payment=0.1),
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/risk.db"
    put(PEOPLE, url)
    return url


def asked(url: str, **wanted: Any) -> Page:
    with reading(url) as connection:
        return current(connection, Wanted(**wanted))


def names(url: str, **wanted: Any) -> str:
    return " ".join(row["subscriber_id"] for row in asked(url, **wanted).rows)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "bob ann dee cid"),  # 1,800, 300, 100 and 50 cents may be lost
        ({"sort": "risk"}, "dee ann bob cid"),
        ({"sort": "id"}, "ann bob cid dee"),
        ({"bands": ("high", "low")}, "ann dee cid"),
        ({"states": ("past_due",)}, "dee"),
        ({"cause": "payment"}, "cid"),
        ({"cause": "voluntary"}, "bob ann dee"),  # halves of bob and ann: equal parts
        ({"actions": ("call",)}, "ann"),
        ({"plans": ("pro",), "countries": ("ES",)}, "ann cid"),
        ({"currency": "EUR", "minimum": 100}, "bob ann dee"),
        ({"currency": "USD"}, ""),
        ({"held_out": True}, "ann"),
        ({"held_out": False}, "bob dee cid"),
        ({"prefix": "b"}, "bob"),
        ({"prefix": "%"}, ""),
        ({"prefix": "B"}, ""),
    ],
)
def test_filters_and_orders(url, wanted, found):
    assert names(url, **wanted) == found


def test_a_minimum_of_money_needs_its_currency():
    with pytest.raises(BadQuestion, match="needs its currency"):
        Wanted(minimum=100)


def test_who_cancelled_since_the_night_is_leaving_and_no_longer_at_risk(url):
    since = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with writing(url) as connection:
        row = {"subscriber_id": "bob", "state": "leaving", "since": since, "as_of": since}
        connection.execute(sa.insert(STATES).values(row))
    assert names(url) == "ann dee cid"
    (bob,) = asked(url, states=("leaving",)).rows
    assert (bob["state_scored"], bob["state_since"]) == ("active", since)
    assert names(url, states=()) == "bob ann dee cid"


def test_several_currencies_have_no_common_order_so_the_list_goes_by_risk(url):
    yen = score("eve", 0.1, mrr=500_000, currency="JPY")
    put(scores(score("ann", 0.3), score("bob", 0.2, mrr=9000), yen), url, MARCH_2)
    page = asked(url)
    assert (page.sort, page.currency) == ("risk", None)
    assert names(url) == "ann bob eve"
    page = asked(url, currency="EUR")
    assert (page.sort, page.currency) == ("worth", "EUR")
    assert names(url, currency="EUR") == "bob ann"


def test_whose_worth_is_unknown_is_in_the_list_by_risk(url):
    put(scores(score("ann", 0.3, mrr=None), score("bob", 0.2)), url, MARCH_2)
    assert names(url) == "bob"
    assert names(url, sort="risk") == "ann bob"
    put(scores(score("ann", 0.3, mrr=None, currency=None)), url, MARCH_3)
    assert (names(url), asked(url).sort) == ("ann", "risk")


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
        ("worth", "dearest_by_currency"),
        ("risk", "riskiest_by_rank"),
        ("id", "sqlite_autoindex_risk_1"),
    ],
)
def test_no_page_reads_a_night_whole(hundred, sort, index):
    query = in_order(sa.select(CURRENT).where(*conditions(Wanted())), sort, "EUR", (5, "x"))
    with reading(hundred) as connection:
        told = query.compile(connection, compile_kwargs={"literal_binds": True})
        steps = [s[-1] for s in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}")]
    assert any(f"risk USING INDEX {index}" in step for step in steps)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in steps)
