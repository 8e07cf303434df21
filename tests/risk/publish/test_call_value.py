"""In which order people are called: by the money that is expected to go."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.publish.call_value import Worths
from perdura.risk.publish.ranking import call_ranks
from perdura.risk.table import riskiest
from tests.risk.test_table import MARCH_2, put, score, scores


def order(url: str) -> str:
    rows = sorted(riskiest(url, 10), key=lambda row: row["call_rank"])
    return " ".join(row["subscriber_id"] for row in rows)


def test_of_one_currency_the_dearest_come_first_and_equals_by_risk(store_url):
    people = [score("ann", 0.1, mrr=4000), score("bob", 0.2, mrr=2000), score("cid", 0.3)]
    put(scores(*people), store_url)
    assert order(store_url) == "bob ann cid"  # 400, 400 and 300 cents


def test_of_several_currencies_amounts_are_multiples_of_what_is_usual(store_url):
    cents = [score("ann", 0.1, mrr=9000), score("bob", 0.5)]  # usual: 5,000; 0.18 and 0.1 of it
    yen = [score("eve", 0.3, mrr=500_000, currency="JPY"), score("fay", 0.2, mrr=1, currency="JPY")]
    put(scores(*cents, *yen), store_url)  # usual: 250,000; 0.6 of it, and nothing
    assert order(store_url) == "eve ann bob fay"


def test_a_whole_lifetime_counts_before_a_month_and_in_its_own_currency(store_url):
    told = {"value_currency": "USD"}
    short = score("ann", 0.9, expected_lifetime_loss=100, currency="JPY", **told)
    long = score("bob", 0.1, expected_lifetime_loss=900, **told)
    unknown = score("cid", 0.5, mrr=None, currency=None)
    put(scores(short, long, unknown), store_url)
    assert order(store_url) == "bob ann cid"


def test_where_somebody_s_lifetime_is_unknown_all_go_by_the_month(store_url):
    told = {"value_currency": "EUR"}
    short = score("ann", 0.9, expected_lifetime_loss=100, **told)
    long = score("bob", 0.1, expected_lifetime_loss=900, **told)
    put(scores(short, long, score("cid", 0.5)), store_url)  # a rate of exchange was missing, say
    assert order(store_url) == "ann cid bob"  # 900, 500 and 100 cents


def test_without_money_it_is_the_order_of_risk(store_url):
    nothing = {"mrr": None, "currency": None}
    put(scores(score("ann", 0.1, **nothing), score("bob", 0.4, **nothing)), store_url, MARCH_2)
    assert order(store_url) == "bob ann"


MONEY = st.tuples(st.integers(0, 9), st.sampled_from(["EUR", "JPY", None]))


@given(st.lists(MONEY, min_size=1, max_size=20), st.integers(1, 5))
def test_pieces_do_not_matter(people: list[Any], size: int) -> None:
    rows = pl.DataFrame(
        {
            "mrr": [mrr if currency else None for mrr, currency in people],
            "currency": [currency for _, currency in people],
            "expected_loss": [mrr if currency else None for mrr, currency in people],
            "expected_lifetime_loss": None,
            "value_currency": None,
        },
        schema_overrides={"mrr": pl.Int64, "expected_loss": pl.Int64, "currency": pl.String},
    ).with_columns(
        pl.col("expected_lifetime_loss").cast(pl.Int64), pl.col("value_currency").cast(pl.String)
    )
    whole, parts = Worths(), Worths()
    whole.add(rows)
    for piece in rows.iter_slices(size):
        parts.add(piece)
    assert parts.of_all() == pytest.approx(whole.of_all())


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.randoms())
def test_places_are_those_of_a_sort(worth: list[int], random: Any) -> None:
    rank = list(range(1, len(worth) + 1))
    random.shuffle(rank)
    by_hand = sorted(range(len(worth)), key=lambda n: (-worth[n], rank[n]))
    found = call_ranks(np.array(worth, float), np.array(rank))
    assert [int(found[n]) for n in by_hand] == list(range(1, len(worth) + 1))
