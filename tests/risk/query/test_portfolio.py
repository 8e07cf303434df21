"""The portfolio is the sum of a night's rows by band and currency, however they came."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.query.portfolio import (
    PortfolioEntry,
    PortfolioSums,
    portfolio_of,
    put_sums,
    sums_of,
)
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.tables import BANDS, NIGHTS, RISK
from tests.support.bare_rows import NIGHT, bare_night, bare_row, cleared, empty_store, put_bare

RISKS = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
ROW = st.fixed_dictionaries(
    {
        "band": st.sampled_from(BANDS),
        "risk": RISKS,
        "share": st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        "money": st.none() | st.tuples(st.integers(0, 10**6), st.sampled_from(["EUR", "JPY"])),
    }
)


@pytest.fixture(scope="module")
def store():
    with empty_store() as connection:
        yield connection


def risk_rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for number, one in enumerate(found):
        mrr, currency = one["money"] or (None, None)
        parts = {"risk_payment": one["risk"] * one["share"]}
        parts["risk_voluntary"] = one["risk"] - parts["risk_payment"]
        loss = None if mrr is None else round(mrr * one["risk"])
        money = {"mrr": mrr, "currency": currency, "expected_loss": loss}
        own = {"band": one["band"], "risk": one["risk"]}
        rows.append(bare_row(f"s{number}") | own | parts | money)
    return rows


def by_hand(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[float]]:
    """Subscribers, MRR, expected loss and its part by payment."""
    sums: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        entry = sums.setdefault((row["band"], row["currency"] or ""), [0, 0, 0, 0.0])
        entry[0] += 1
        entry[1] += row["mrr"] or 0
        entry[2] += row["expected_loss"] or 0
        if row["risk"] > 0:
            entry[3] += row["risk_payment"] / row["risk"] * (row["expected_loss"] or 0)
    return sums


def check(entries: list[PortfolioEntry], rows: list[dict[str, Any]]) -> None:
    expected = by_hand(rows)
    assert len(entries) == len(expected)
    for entry in entries:
        count, mrr, loss, by_payment = expected[entry.band, entry.currency]
        assert (entry.subscribers, entry.mrr, entry.expected_loss) == (count, mrr, loss)
        assert abs(entry.by_payment - by_payment) <= 0.5 + 1e-6
    order = [(BANDS.index(entry.band), entry.currency) for entry in entries]
    assert order == sorted(order)


@given(found=st.lists(ROW, min_size=1, max_size=8), size=st.integers(1, 9))
def test_rows_that_come_in_pieces_are_summed_as_a_loop_sums_them(store, found, size):
    cleared(store)
    rows, sums = risk_rows(found), PortfolioSums()
    kinds = {"mrr": pl.Int64, "currency": pl.String, "expected_loss": pl.Int64}
    names = ("band", "risk", "risk_payment", *kinds)
    for first in range(0, len(rows), size):
        piece = [{name: row[name] for name in names} for row in rows[first : first + size]]
        sums.add(pl.DataFrame(piece, schema_overrides=kinds))
    sums.write(store, NIGHT)
    check(portfolio_of(store, [NIGHT]), rows)


@given(found=st.lists(ROW, min_size=1, max_size=8))
def test_a_small_night_that_was_never_summed_is_summed_on_the_spot(store, found):
    cleared(store)
    rows = risk_rows(found)
    put_bare(store, *rows)
    check(portfolio_of(store, [NIGHT]), rows)
    assert store.scalar(sa.select(sa.func.count()).select_from(PORTFOLIO)) == 0


def test_a_large_one_is_not(store):
    cleared(store)
    put_bare(store, bare_row("ann"))
    store.execute(sa.update(NIGHTS).values(rows=50_001))
    assert portfolio_of(store, [NIGHT]) == []
    store.execute(sa.update(NIGHTS).values(rows=50_000))
    assert len(portfolio_of(store, [NIGHT])) == 1


def test_some_rows_of_a_night_are_summed_alone(store):
    cleared(store)
    put_bare(store, bare_row("ann", mrr=5, currency="EUR"), bare_row("bob", mrr=7, currency="EUR"))
    (found,) = sums_of(store, NIGHT, RISK.c.subscriber_id != "ann")
    assert (found["subscribers"], found["mrr"]) == (1, 7)


def test_nights_are_read_oldest_first_and_those_that_are_not_there_are_none(store):
    cleared(store)
    days = [NIGHT + timedelta(days=n) for n in range(3)]
    put_bare(store, bare_row("ann", days[1]), bare_row("ann", days[0]))
    store.execute(sa.insert(NIGHTS).values(bare_night(days[2], rows=0)))
    found = portfolio_of(store, [*reversed(days), date(1999, 1, 1)])
    assert [entry.scored_on for entry in found] == days[:2]


def test_put_again_the_sums_of_a_night_are_replaced(store):
    cleared(store)
    sums = {"subscribers": 1, "mrr": 1, "expected_loss": 1, "by_payment": 0}
    for band in ("high", "low"):
        put_sums(store, NIGHT, [{"scored_on": NIGHT, "band": band, "currency": "", **sums}])
    assert [entry.band for entry in portfolio_of(store, [NIGHT])] == ["low"]
    put_sums(store, NIGHT, [])
    assert store.scalar(sa.select(sa.func.count()).select_from(PORTFOLIO)) == 0
