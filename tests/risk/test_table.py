"""The risk table: a night goes in whole, comes out equal, and leaves other nights alone."""

import re
import sqlite3
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from perdura.risk.publish.ranking import Bands
from perdura.risk.publish.score_contract import REQUIRED
from perdura.risk.query.portfolio import PortfolioEntry, portfolio_of, put_sums, sums_of
from perdura.risk.query.queries import nights_of, offers_of, published_night
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import INDEXED_RANKS, RISK
from perdura.risk.store import connect as store
from perdura.risk.table import (
    BadScores,
    NoNight,
    by_rank,
    freshness,
    history,
    publish,
    read,
    riskiest,
    to_offer,
)
from tests.support import older_nights

MARCH_1, MARCH_2, MARCH_3 = (date(2026, 3, day) for day in (1, 2, 3))
FAILED = {"signal": "failed payments", "text": "2 payments failed in the last 30 days"}
WAITED = {"signal": "waiting", "text": "Waited 41 hours for a first reply"}


def score(who: str, risk: float, **others: Any) -> dict[str, Any]:
    """One row as the model gives it; half of the risk is payment's."""
    return {
        "subscriber_id": who,
        "state": "active",
        "risk": risk,
        "risk_voluntary": risk / 2,
        "risk_payment": risk / 2,
        "mrr": 1000,
        "currency": "EUR",
        "reasons": [FAILED],
        "action": "fix_payment",
        "action_text": "Ask for another card",
        **others,
    }


def scores(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), infer_schema_length=None)


TWO = scores(score("ann", 0.1), score("bob", 0.4))


@pytest.fixture
def url(store_url: str) -> str:
    return store_url


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/risk.db"


def put(frame: Any, url: str, scored_on: date = MARCH_1, **settings: Any) -> int:
    settings.setdefault("model_version", "7")
    return publish(frame, url, scored_on=scored_on, **settings)


def content(url: str) -> list[str]:
    """Every byte that any reader could see, as SQL or as rows."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            dump = list(connection.iterdump())
        connection.close()
        return dump
    with store.reading(url) as connection:
        tables = sa.inspect(connection).get_table_names()
        return [
            f"{name}: {tuple(row)}"
            for name in sorted(tables)
            for row in connection.exec_driver_sql(f"TABLE {name}")
        ]


# What a night looks like.


def test_the_riskiest_comes_first(url: str) -> None:
    assert put(TWO, url) == 2
    night = read(url)
    assert night["subscriber_id"].tolist() == ["bob", "ann"]
    assert night["rank"].tolist() == [1, 2]
    assert night["band"].tolist() == ["high", "medium"]
    assert night["reasons"].tolist() == [[FAILED], [FAILED]]
    assert night["model_version"].tolist() == ["7", "7"]
    assert night["scored_on"].dt.date.tolist() == [MARCH_1, MARCH_1]


def test_equal_risks_are_ranked_by_subscriber(url: str) -> None:
    put(scores(score("c", 0.2), score("a", 0.2), score("d", 0.3), score("b", 0.2)), url)
    assert read(url)["subscriber_id"].tolist() == ["d", "a", "b", "c"]


def test_bands_begin_where_the_caller_says(url: str) -> None:
    rows = [score("a", 0.5), score("b", 0.499), score("c", 0.3), score("d", 0.299)]
    put(scores(*rows), url, bands=Bands(high=0.5, medium=0.3))
    assert read(url)["band"].tolist() == ["high", "medium", "medium", "low"]
    with pytest.raises(ValueError, match="medium <= high"):
        Bands(high=0.1, medium=0.3)


def test_expected_loss_is_risk_times_mrr_rounded_half_even(url: str) -> None:
    amounts = [(0.5, 3), (0.5, 5), (0.25, 10_000), (0.1, None)]
    rows = [score(f"s{i}", risk, mrr=mrr) for i, (risk, mrr) in enumerate(amounts)]
    put(scores(*rows), url)
    night = read(url).sort_values("subscriber_id")
    assert night["expected_loss"].tolist()[:3] == [2, 2, 2500]
    assert night[["mrr", "expected_loss"]].iloc[3].isna().all()
    assert night["expected_loss"].sum() == 2504


def test_yen_have_no_minor_digits_and_stay_integers(url: str) -> None:
    put(scores(score("kei", 0.5, mrr=1980, currency="JPY")), url)
    kei = read(url).iloc[0]
    assert (kei["mrr"], kei["expected_loss"], kei["currency"]) == (1980, 990, "JPY")
    assert str(read(url)["mrr"].dtype) == "Int64"


def test_optional_columns_are_null_where_not_given(url: str) -> None:
    put(scores(score("ann", 0.1, plan="pro")), url)
    assert read(url).iloc[0]["plan"] == "pro"
    assert read(url)["country"].isna().all()


def test_pandas_may_be_published_too(url: str) -> None:
    frame = scores(score("ann", 0.1), score("bob", 0.2, mrr=None), score("cid", 0.3, reasons=[]))
    put(frame, url, now=datetime(2026, 3, 1, tzinfo=UTC))
    once = read(url)
    put(frame.with_columns(plan=pl.lit("pro")), url)
    put(frame.to_pandas(), url, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert read(url).equals(once)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["O'Hara", "'); DROP TABLE risk; --", "🙈", "null", "{}", "é" * 5_000, "a\0b"]
)
reasons = st.lists(st.fixed_dictionaries({"signal": texts, "text": texts}), max_size=4)
rows_of_a_night = st.lists(
    st.builds(
        score,
        who=texts.filter(bool),
        risk=st.floats(0, 1),
        mrr=st.none() | st.integers(0, 2**53),
        currency=st.sampled_from(["EUR", "JPY", "KWD"]),
        state=st.sampled_from(["active", "past_due"]),
        reasons=reasons,
        action=texts.filter(lambda text: len(text) <= 200),
        action_text=texts,
        plan=st.none() | texts,
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row["subscriber_id"],
)


@given(rows_of_a_night)
def test_what_is_read_is_what_was_published(tmp_path_factory: Any, rows: list[Any]) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('any')}/risk.db"
    put(scores(*rows), url)
    found = read(url).astype(object)
    found = found.where(found.notna(), None).to_dict("records")
    rows = [row | {"plan": row["plan"] and row["plan"][:200]} for row in rows]
    expected = sorted(rows, key=lambda row: (-row["risk"], row["subscriber_id"].encode()))
    assert [{name: row[name] for name in rows[0]} for row in found] == expected


# Which rows are read.


def test_the_top_of_a_night_or_one_subscriber(url: str) -> None:
    put(TWO, url)
    assert read(url, top=1)["subscriber_id"].tolist() == ["bob"]
    assert read(url, subscriber_id="ann")["rank"].tolist() == [2]
    assert read(url, subscriber_id="' OR 1=1 --").empty
    with pytest.raises(ValueError, match="at least 1"):
        read(url, top=0)


def test_the_riskiest_as_plain_values(url: str) -> None:
    put(scores(score("ann", 0.1, mrr=None), score("bob", 0.4), score("eve", 0.2)), url)
    put(TWO, url, MARCH_2)
    found = riskiest(url, 3, scored_on=MARCH_1)
    assert [row["subscriber_id"] for row in found] == ["bob", "eve", "ann"]
    assert found[0]["scored_on"] == MARCH_1
    assert (found[0]["reasons"], found[2]["mrr"]) == ([FAILED], None)
    assert [row["rank"] for row in riskiest(url, 1)] == [1]
    with pytest.raises(ValueError, match="at least 1"):
        riskiest(url, 0)


@pytest.mark.parametrize(("top", "indexed"), [(15, True), (INDEXED_RANKS, True), (None, False)])
def test_the_riskiest_are_found_by_an_index(file_url: str, top: int | None, indexed: bool) -> None:
    put(TWO, file_url)
    asked: list[str] = []
    plan = "EXPLAIN QUERY PLAN "
    with store.reading(file_url) as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        query = by_rank(top).where(RISK.c.scored_on == MARCH_1)
        connection.execute(query)
        text = asked[-1].replace("?", "'2026-03-01'", 1).replace("?", "1")
        steps = connection.exec_driver_sql(plan + text).all()
    assert any("INDEX riskiest" in step[-1] for step in steps) is indexed


def test_types_do_not_depend_on_there_being_rows(url: str) -> None:
    put(TWO, url)
    assert read(url, subscriber_id="nobody").dtypes.equals(read(url).dtypes)


def test_history_is_every_night_of_one_subscriber_oldest_first(url: str) -> None:
    put(scores(score("ann", 0.3), score("bob", 0.2)), url, MARCH_3)
    put(scores(score("ann", 0.1)), url, MARCH_1)
    put(scores(score("bob", 0.1)), url, MARCH_2)
    assert history(url, "ann")["risk"].tolist() == [0.1, 0.3]
    assert history(url, "nobody").empty


def test_no_night_says_which_nights_there_are(file_url: str, tmp_path: Path) -> None:
    for ask in (read, freshness, lambda url: history(url, "ann")):
        with pytest.raises(NoNight, match=r"risk\.db does not exist"):
            ask(file_url)
    assert not list(tmp_path.iterdir())
    put(TWO, file_url, MARCH_1)
    put(TWO, file_url, MARCH_3)
    with pytest.raises(NoNight, match="asked for 2026-03-02; published: 2026-03-01, 2026-03-03"):
        read(file_url, scored_on=MARCH_2)


def test_many_nights_are_summed_up(url: str) -> None:
    for day in range(1, 8):
        put(TWO, url, date(2026, 3, day))
    with pytest.raises(NoNight, match="03-07 and 2 older, from 2026-03-01 on"):
        read(url, scored_on=date(2026, 2, 1))


PAID = st.tuples(
    st.floats(0, 1), st.floats(0, 1), st.sampled_from([("EUR", 990), ("USD", 2**40), (None, None)])
)


@given(st.lists(PAID, min_size=1, max_size=30), st.integers(1, 9))
def test_the_book_says_what_its_rows_add_up_to(people: list[Any], rows_at_a_time: int) -> None:
    told = [
        score(
            f"s{number}",
            risk,
            risk_payment=risk * part,
            risk_voluntary=risk - risk * part,
            currency=currency,
            mrr=mrr,
        )
        for number, (risk, part, (currency, mrr)) in enumerate(people)
    ]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/risk.db"
        put(scores(*told), url, rows_at_a_time=rows_at_a_time)
        assert_the_book_is_sound(url, MARCH_1)


def test_the_book_of_a_night_counts_who_has_settled_in_a_band(url: str) -> None:
    put(scores(score("ann", 0.3), score("bob", 0.2)), url, MARCH_1)
    put(scores(score("ann", 0.24), score("bob", 0.24)), url, MARCH_2)
    portfolio = assert_the_book_is_sound(url, MARCH_2)
    assert [(entry.band, entry.subscribers) for entry in portfolio] == [("high", 1), ("medium", 1)]


def assert_the_book_is_sound(url: str, night: date) -> list[PortfolioEntry]:
    """As it was published, it is what the rows say when they are summed up."""
    with store.writing(url) as connection:
        published = portfolio_of(connection, [night])
        put_sums(connection, night, sums_of(connection, night, sa.true()))
        summed = portfolio_of(connection, [night])
    exact = [replace(entry, by_payment=0) for entry in published]
    assert exact == [replace(entry, by_payment=0) for entry in summed]
    for one, other in zip(published, summed, strict=True):  # floats, in another order
        assert one.by_payment == pytest.approx(other.by_payment, rel=1e-9, abs=1)
    return published


def test_a_database_of_something_else_has_no_night(file_url: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "risk.db") as connection:
        connection.execute("CREATE TABLE states (who TEXT)")
    connection.close()
    with pytest.raises(NoNight, match="published here yet"):
        read(file_url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/risk"])
def test_a_risk_table_is_a_file(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///FILE"):
        put(TWO, url)


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/what is it #1 100%/it's.db"
    put(TWO, url)
    assert len(read(url)) == 2


# Whether it is current.


def test_a_night_is_stale_two_hours_into_the_next_day(url: str) -> None:
    put(TWO, url, MARCH_1)
    put(TWO, url, MARCH_2, degraded=["tickets"])
    last = datetime(2026, 3, 3, 2, tzinfo=UTC)
    before, at = (freshness(url, last - timedelta(microseconds=1)), freshness(url, last))
    assert (before.scored_on, before.stale, at.stale) == (MARCH_2, False, True)
    assert at.age == timedelta(hours=26)
    assert at.degraded == ("tickets",)
    assert read(url)["degraded"].tolist() == [["tickets"], ["tickets"]]
    assert set(read(url)["valid_until"]) == {last}


def test_how_long_a_night_is_current_can_be_said(url: str) -> None:
    put(TWO, url, MARCH_1, valid_for=timedelta(days=2))
    assert freshness(url, datetime(2026, 3, 3, tzinfo=UTC)).stale
    assert not freshness(url, datetime(2026, 3, 2, 23, tzinfo=UTC)).stale


# Publishing again.


def test_the_same_night_again_changes_nothing(url: str) -> None:
    put(TWO, url, now=datetime(2026, 3, 1, 2, tzinfo=UTC))
    once = content(url)
    assert put(TWO.reverse(), url, now=datetime(2026, 3, 1, 9, tzinfo=UTC)) == 2
    assert content(url) == once


@pytest.mark.parametrize(
    "change",
    [{"model_version": "8"}, {"language": "es"}, {"degraded": ["usage"]}, {"bands": Bands(high=1)}],
)
def test_anything_new_in_a_night_replaces_it(url: str, change: dict[str, Any]) -> None:
    put(TWO, url)
    once = content(url)
    put(TWO, url, **change)
    assert content(url) != once
    assert len(read(url)) == 2


def test_a_night_is_replaced_and_the_others_stay(url: str) -> None:
    for night in (MARCH_1, MARCH_2, MARCH_3):
        put(TWO, url, night)
    before = {night: read(url, scored_on=night) for night in (MARCH_1, MARCH_3)}
    put(scores(score("eve", 0.9)), url, MARCH_2)
    assert read(url, scored_on=MARCH_2)["subscriber_id"].tolist() == ["eve"]
    for night, frame in before.items():
        assert read(url, scored_on=night).equals(frame)


def test_rows_that_somebody_deleted_come_back(url: str) -> None:
    put(TWO, url)
    with store.writing(url) as connection:
        connection.execute(sa.delete(RISK).where(RISK.c.subscriber_id == "ann"))
    put(TWO, url)
    assert len(read(url)) == 2


def test_a_night_larger_than_one_insert_arrives_whole(url: str) -> None:
    some = 1_000
    many = 2 * some + 1
    ids = pl.int_range(many, eager=True).cast(pl.String)
    told: list[tuple[int, int, str]] = []
    night = pl.concat([scores(score("ann", 0.1))] * many).with_columns(subscriber_id=ids)
    assert put(night, url, progress=lambda *step: told.append(step), rows_at_a_time=some) == many
    with store.reading(url) as connection:
        query = "SELECT count(DISTINCT subscriber_id), max(rank) FROM risk"
        assert connection.exec_driver_sql(query).one() == (many, many)
    inserted = [done for done, _, what in told if what == "inserting"]
    assert inserted == [0, some, 2 * some, many]


# While somebody reads.


def test_a_reader_sees_the_old_night_until_the_new_one_is_whole(url: str, tmp_path: Path) -> None:
    put(TWO, url)
    seen = []

    def look(_done: int, _total: int, what: str) -> None:
        seen.append((what, read(url)["subscriber_id"].tolist()))

    put(scores(score("eve", 0.9)), url, progress=look)
    assert {what for what, _ in seen} == {"checking", "staging", "inserting", "committing"}
    assert all(who == ["bob", "ann"] for _, who in seen)
    assert read(url)["subscriber_id"].tolist() == ["eve"]
    assert not list(tmp_path.glob("*staged*"))


def test_a_reader_keeps_the_night_that_it_began_with(file_url: str, tmp_path: Path) -> None:
    put(TWO, file_url)
    reader = sqlite3.connect(tmp_path / "risk.db", isolation_level=None)
    reader.execute("BEGIN")
    first = reader.execute("SELECT * FROM risk").fetchall()
    put(scores(score("eve", 0.9)), file_url)
    assert reader.execute("SELECT * FROM risk").fetchall() == first
    reader.close()


def test_two_who_publish_at_once_take_turns(url: str) -> None:
    nights = [date(2026, 3, day) for day in range(1, 9)]
    threads = [threading.Thread(target=put, args=(TWO, url, night)) for night in nights]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(read(url, scored_on=night)) for night in nights] == [2] * 8


# What is refused.

BAD = {
    "no scores": TWO.clear(),
    r"lack the columns \['mrr'\].*unknown columns \['mmr'\]": TWO.rename({"mrr": "mmr"}),
    "subscriber_id should hold text": TWO.with_columns(subscriber_id=pl.lit(1)),
    "risk should hold numbers": TWO.with_columns(risk=pl.lit("high")),
    "reasons should hold lists": TWO.with_columns(reasons=pl.lit("they left")),
    "whole numbers; got 9.99": TWO.with_columns(mrr=pl.lit(9.99)),
    "1 score without subscriber_id": scores(score("ann", 0.1), score("", 0.2)),
    "none of .*e.g. 'sell'; .* says whose": TWO.with_columns(advice=pl.lit("sell")),
    "with offer outside": TWO.with_columns(offer=pl.lit(1.5)),
    "an offer to somebody in trouble, e.g. 'past_due'": TWO.with_columns(
        offer=pl.lit(0.2), state=pl.lit("past_due")
    ),
    "to offer, but without offer": TWO.with_columns(advice=pl.lit("offer")),
    "without state, e.g. None; .* says whose": TWO.with_columns(
        state=pl.when(pl.col("risk") < 0.2).then(pl.lit("active"))
    ),
    "2 scores of a subscriber who is scored twice, e.g. 0.1; .* says whose": scores(
        score("ann", 0.1), score("ann", 0.2)
    ),
    r"with risk outside \[0, 1\], e.g. 1.01; .* says whose": scores(score("ann", 1.01)),
    r"with risk outside \[0, 1\], e.g. nan": scores(score("ann", float("nan"))),
    r"with risk_payment outside \[0, 1\]": scores(
        score("ann", 0.1, risk_voluntary=0.2, risk_payment=-0.1)
    ),
    "do not add up": scores(score("ann", 0.1, risk_payment=0.06)),
    "with over 200 in action": scores(score("ann", 0.1, action="x" * 201)),
    "with an mrr below 0": scores(score("ann", 0.1, mrr=-1)),
    "but no currency": scores(score("ann", 0.1, currency=None)),
    "none of the states": scores(score("ann", 0.1), score("bob", 0.1, state="leaving")),
    "with over 4 reasons": scores(score("ann", 0.1, reasons=[FAILED] * 5)),
    "with a reason unsaid": scores(score("ann", 0.1, reasons=[WAITED, FAILED | {"text": None}])),
}


@pytest.mark.parametrize("says", BAD)
def test_bad_scores_publish_nothing(url: str, tmp_path: Path, says: str) -> None:
    with pytest.raises(BadScores, match=says):
        put(BAD[says], url)
    assert not list(tmp_path.iterdir())
    put(TWO, url)
    once = content(url)
    with pytest.raises(BadScores, match=says):
        put(BAD[says], url)
    assert content(url) == once


def test_whose_score_is_bad_is_told_beside_the_words_which_end_in_logs(file_url: str) -> None:
    for bad in (scores(score("ann", 1.01)), [scores(score("ann", 0.1))] * 2):
        with pytest.raises(BadScores) as caught:
            put(bad, file_url)
        assert caught.value.subscriber_id == "ann"
        assert "ann" not in str(caught.value)


@pytest.mark.parametrize("column", [name for name in REQUIRED if name not in ("mrr", "currency")])
def test_what_must_be_known_may_not_be_null(url: str, column: str) -> None:
    row = score("ann", 0.1) | {column: None}
    with pytest.raises(BadScores, match=column):
        put(scores(score("bob", 0.2), row), url)


def test_nobody_needs_a_reason(url: str) -> None:
    put(scores(score("ann", 0.1, reasons=[])), url)
    assert read(url)["reasons"].tolist() == [[]]


# What support is advised to do, what people are worth, and tables made before that was told.

STAYING = ("survival_3m", "survival_6m", "survival_12m", "lifetime_months")
AMOUNTS = ("cltv", "cltv_low", "cltv_high", "expected_lifetime_loss")
LATER = ("offer", "advice", *STAYING, *AMOUNTS, "value_currency", *older_nights.LATER)


def worth(**other: object) -> dict[str, object]:
    told = dict(zip(STAYING, (0.9, 0.8, 0.7, 20.5), strict=True))
    told |= dict(zip(AMOUNTS, (50_000, 2_000, 90_000, 5_500), strict=True))
    return told | {"value_currency": "EUR"} | other


def test_what_somebody_is_worth_is_kept_and_may_be_unknown(url: str) -> None:
    unknown = dict.fromkeys((*AMOUNTS, "value_currency"))
    put(scores(score("ann", 0.4, **worth()), score("bob", 0.1, **worth(**unknown))), url)
    ann, bob = riskiest(url, 2)
    assert {name: ann[name] for name in worth()} == worth()
    assert {name: bob[name] for name in worth()} == worth(**unknown)
    assert read(url)["cltv"].tolist()[0] == 50_000


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"cltv": -1}, "cltv below 0"),
        ({"cltv": 0.5}, "whole numbers"),
        ({"survival_6m": 1.2}, r"survival_6m outside"),
        ({"value_currency": None}, "no value_currency"),
    ],
)
def test_a_worth_that_cannot_be_is_refused(url: str, broken: dict[str, object], told: str) -> None:
    with pytest.raises(BadScores, match=told):
        put(scores(score("ann", 0.1, **worth(**broken))), url)


def test_an_offer_and_an_advice_are_kept_and_may_be_unknown(url: str) -> None:
    rows = [
        score("ann", 0.1, offer=0.25, advice="offer"),
        score("bob", 0.4, offer=None, advice="save"),
    ]
    put(scores(*rows), url)
    assert [(row["advice"], row["offer"]) for row in riskiest(url, 2)] == [
        ("save", None),
        ("offer", 0.25),
    ]
    put(TWO, url, MARCH_2)
    assert read(url)[["offer", "advice"]].isna().all(axis=None)


def test_those_to_whom_more_is_to_be_offered_come_likeliest_first(url: str) -> None:
    rows = [
        score("ann", 0.1, offer=0.25, advice="offer"),
        score("bob", 0.1, offer=0.05, advice="leave_alone"),
        score("cid", 0.1, offer=0.35, advice="offer"),
        score("dan", 0.1, offer=0.25, advice="offer"),
        score("eve", 0.4, advice="save"),
    ]
    put(scores(*rows), url)
    put(TWO, url, MARCH_2)
    named = [row["subscriber_id"] for row in to_offer(url, 9, scored_on=MARCH_1)]
    assert named == ["cid", "ann", "dan"]
    assert [row["offer"] for row in to_offer(url, 1, scored_on=MARCH_1)] == [0.35]
    assert to_offer(url, 9) == []


def test_they_are_found_without_reading_the_night(file_url: str) -> None:
    put(TWO, file_url)
    asked: list[tuple[str, Any]] = []
    with store.reading(file_url) as connection:
        event.listen(
            connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3]))
        )
        offers_of(connection, published_night(connection), 5)
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1][0]}", asked[-1][1]).all()
    assert any("USING INDEX likeliest_to_accept" in step[-1] for step in steps)


@pytest.fixture
def older(file_url: str) -> str:
    """A table that knows of no advice, with one night."""
    put(TWO, file_url)
    older_nights.in_older_form(file_url)
    with sqlite3.connect(file_url.removeprefix("sqlite:///")) as connection:
        made = "SELECT sql FROM sqlite_master WHERE name = 'risk'"
        lines = connection.execute(made).fetchone()[0].splitlines(keepends=True)
        told = "".join(line for line in lines if not re.search("|".join(LATER), line))
        connection.execute("DROP INDEX riskiest")
        connection.execute("DROP INDEX likeliest_to_accept")
        connection.execute("DROP INDEX dearest")
        connection.execute("DROP INDEX moved")
        connection.execute("DROP TABLE alembic_version")
        connection.execute("DROP TABLE phrases")
        for view in ("risk_current", "risk_moves", "risk_history"):
            connection.execute(f"DROP VIEW {view}")
        connection.execute("ALTER TABLE risk RENAME TO newer")
        connection.execute(re.sub(r",\s*\)\s*$", ")", told))
        columns = ", ".join(c.name for c in RISK.c if c.name not in LATER)
        copy = f"INSERT INTO risk ({columns}) SELECT {columns} FROM newer"  # noqa: S608 (our own names)
        connection.execute(copy)
        connection.execute("DROP TABLE newer")
    connection.close()
    return file_url


def test_a_table_made_before_there_was_advice_is_read_as_it_is(older: str) -> None:
    before = content(older)
    assert not any("advice" in line for line in before)
    assert read(older)["advice"].isna().all()
    assert list(read(older).columns) == [column.name for column in RISK_COLUMNS]
    assert [row["advice"] for row in riskiest(older, 2)] == [None, None]
    assert to_offer(older, 2) == []
    assert history(older, "ann")["offer"].isna().tolist() == [True]
    assert content(older) == before


def test_a_table_made_before_gets_the_columns_with_the_next_night(older: str) -> None:
    put(scores(score("ann", 0.1, offer=0.25, advice="offer")), older, MARCH_2)
    assert read(older)["advice"].tolist() == ["offer"]
    assert read(older, scored_on=MARCH_1)["advice"].isna().all()
    assert "/* save, offer or leave_alone */" in "\n".join(content(older))


def test_a_night_that_fails_leaves_a_table_made_before_as_it_was(older: str) -> None:
    before = content(older)

    def stop(_done: int, _total: int, what: str) -> None:
        if what == "committing":
            raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        put(scores(score("ann", 0.1)), older, MARCH_2, progress=stop)
    assert content(older) == before


# What the database itself says.


def test_the_columns_are_explained_where_sql_shows_them(file_url: str) -> None:
    put(TWO, file_url)
    schema = "\n".join(content(file_url))
    assert "/* 1 is the riskiest of the night; equals by subscriber_id */" in schema


def test_a_subscriber_is_found_without_reading_the_nights(file_url: str) -> None:
    put(TWO, file_url)
    with store.reading(file_url) as connection:
        query = nights_of("ann").compile(connection, compile_kwargs={"literal_binds": True})
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert any("scored_on=? AND subscriber_id=?" in step[-1] for step in steps)


def test_a_reader_can_change_nothing(url: str) -> None:
    put(TWO, url)
    with (
        store.reading(url) as connection,
        pytest.raises(DBAPIError, match=r"readonly|read-only"),
    ):
        connection.execute(sa.delete(RISK))
    assert len(read(url)) == 2
