"""Reasons as numbers of phrases: every reader finds the same words, of this form and of the older.

A night keeps each phrase once, in all languages that are known.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.risk.integrations.csv_file import write_csv
from perdura.risk.integrations.deliveries import Delivery
from perdura.risk.integrations.help_desks.fields import FieldNames, Filling, fields_at_risk
from perdura.risk.integrations.payloads import payload
from perdura.risk.query.export import export
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.pages import one, over_time
from perdura.risk.query.phrases import in_language
from perdura.risk.query.queries import published_night
from perdura.risk.records.erase import ErasedAccount, erase
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import RISK
from perdura.risk.schema.views import HISTORY, MOVES
from perdura.risk.store.connect import reading
from perdura.risk.table import history, publish, read, riskiest
from tests.support.api_served import asking
from tests.support.older_nights import in_older_form

MARCH_1, MARCH_2, APRIL_1 = date(2026, 3, 1), date(2026, 3, 2), date(2026, 4, 1)
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
FAILED = {
    "signal": "payment_failures",
    "text": "2 payments failed in the last 90 days",
    "column": "payments_failed_90d",
    "value": 2.0,
    "weight": 1.9694,
}
#: As long a number as there is, quotes, and what SQL or JSON would take for its own.
WAITED = {
    "signal": "slow_support",
    "text": """waited "13%" o'clock \\ {n} ☃""",
    "column": "reply_hours_mean_30d",
    "value": 13.523148148148149,
    "weight": 1e-07,
}
PLAN = {"signal": "plan", "text": "the plan is pro", "column": "plan", "value": None, "weight": 0.5}
SPANISH = {
    FAILED["text"]: "2 pagos fallaron en los últimos 90 días",
    WAITED["text"]: "las respuestas tardaron 13,5 horas de media",
    PLAN["text"]: "el plan es pro",
}
CALL, LLAMAR = "Call them", "Llamar"


def told(reason: dict[str, Any]) -> dict[str, Any]:
    """As a model gives it: with the words in the other language."""
    return reason | {"translations": json.dumps({"es": SPANISH[reason["text"]]}), "evidence": None}


def row(subscriber_id: str, risk: float, *reasons: dict[str, Any]) -> dict[str, Any]:
    return {
        "subscriber_id": subscriber_id,
        "state": "active",
        "risk": risk,
        "risk_voluntary": risk,
        "risk_payment": 0.0,
        "mrr": 1000,
        "currency": "EUR",
        "reasons": [told(reason) for reason in reasons],
        "action": "call",
        "action_text": CALL,
    }


def put(url: str, day: date, *rows: dict[str, Any], **options: Any) -> None:
    frame = pl.DataFrame([*rows], infer_schema_length=None)
    options = {"actions": {CALL: {"es": LLAMAR}}} | options
    publish(frame, url, scored_on=day, model_version="7", now=NOW, **options)


@pytest.fixture
def url(store_url: str) -> str:
    """Two nights: ann rises by a payment that failed, bob falls as nothing is slow any more."""
    put(store_url, MARCH_1, row("ann", 0.05, PLAN), row("bob", 0.5, WAITED), row("cid", 0.3))
    put(
        store_url,
        MARCH_2,
        row("ann", 0.6, FAILED, WAITED, PLAN),
        row("bob", 0.05, PLAN),
        row("cid", 0.3),
    )
    return store_url


REASONS = {"ann": [FAILED, WAITED, PLAN], "bob": [PLAN], "cid": []}
MOVED_BY = {"ann": FAILED["text"], "bob": WAITED["text"], "cid": None}


def _export(url: str, kind: Any) -> bytes:
    with reading(url) as connection:
        night = published_night(connection)
        return b"".join(export(connection, night, ListQuery(sort="id"), kind, raw=True))


def _rows(url: str, query: sa.Select[Any]) -> list[dict[str, Any]]:
    with reading(url) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def by_table(url: str) -> dict[Any, Any]:
    assert history(url, "ann")["reasons"].tolist() == [[PLAN], REASONS["ann"]]
    assert [row["reasons"] for row in riskiest(url, 1)] == [REASONS["ann"]]
    rows = read(url).set_index("subscriber_id")
    assert {*rows["action_text"]} == {CALL}
    moved_by = rows["moved_by"].astype(object)
    assert moved_by.where(moved_by.notna(), None).to_dict() == MOVED_BY
    return rows["reasons"].to_dict()


def by_api(url: str) -> dict[str, Any]:
    with asking(url, "read") as client:
        rows = client.get("/v1/current", params={"sort": "id"}).json()["rows"]
        ann = client.get("/v1/subscribers/ann").json()
        moves = client.get("/v1/moves").json()["rows"]
    assert {row["action_text"] for row in rows} == {CALL}
    assert ann["now"]["reasons"] == ann["history"][-1]["reasons"] == REASONS["ann"]
    assert [(move["subscriber_id"], move["moved_by"]) for move in moves] == [
        ("ann", FAILED["text"]),
        ("bob", WAITED["text"]),
    ]
    return {row["subscriber_id"]: row["reasons"] for row in rows}


def by_csv(url: str) -> dict[str, Any]:
    rows = csv.DictReader(io.StringIO(_export(url, "csv").decode()))
    return {row["subscriber_id"]: json.loads(row["reasons"]) for row in rows}


def by_ndjson(url: str) -> dict[str, Any]:
    rows = [json.loads(line) for line in _export(url, "ndjson").splitlines()]
    return {row["subscriber_id"]: row["reasons"] for row in rows}


def by_parquet(url: str) -> dict[str, Any]:
    rows = pl.read_parquet(_export(url, "parquet")).sort("subscriber_id")
    assert rows["moved_by"].to_list() == [*MOVED_BY.values()]
    return {who: json.loads(text) for who, text in rows.select("subscriber_id", "reasons").rows()}


def by_views(url: str) -> dict[str, Any]:
    assert {row["moved_by"] for row in _rows(url, sa.select(MOVES))} == {
        FAILED["text"],
        WAITED["text"],
    }
    rows = _rows(url, sa.select(HISTORY).where(HISTORY.c.scored_on == MARCH_2))
    return {row["subscriber_id"]: row["reasons"] for row in rows}


@pytest.mark.parametrize("form", ["of today", "older"])
@pytest.mark.parametrize("reader", [by_table, by_api, by_csv, by_ndjson, by_parquet, by_views])
def test_every_reader_finds_the_words_that_were_published(
    url: str, reader: Callable[[str], dict[str, Any]], form: str
) -> None:
    if form == "older":
        in_older_form(url)
    assert reader(url) == REASONS


@pytest.mark.parametrize("form", ["of today", "older"])
def test_tools_are_told_the_words_that_were_published(url: str, form: str) -> None:
    if form == "older":
        in_older_form(url)
    filling = Filling(names=FieldNames(band="band", reasons="why", action="do"))
    delivery = Delivery(
        delivery_id="1", scored_on=MARCH_2, subscriber_id="ann", target="https://x", attempts=0
    )
    written = io.StringIO()
    write_csv(url, written, raw=True)
    with reading(url) as connection:
        fields = dict(fields_at_risk(connection, filling))
        sent = json.loads(payload(connection, delivery, NOW) or b"{}")["data"]
    why = "; ".join(reason["text"] for reason in REASONS["ann"])
    assert fields["ann"] == {"band": "high", "why": why, "do": CALL}
    assert [reason["text"] for reason in sent["reasons"]] == why.split("; ")
    assert (sent["moved_by"], sent["action_text"]) == (FAILED["text"], CALL)
    lines = {line["subscriber_id"]: line for line in csv.DictReader(written.getvalue().split("\n"))}
    assert (lines["ann"]["reasons"], lines["bob"]["moved_by"]) == (why, WAITED["text"])


def test_a_night_is_read_in_the_language_of_its_reader(url: str) -> None:
    with reading(url) as connection:
        night = published_night(connection)
        rows = [one(connection, who) or {} for who in ("ann", "bob", "cid")]
        ann, bob, cid = in_language(connection, night, rows, "es")
        assert in_language(connection, night, rows, "en")[0]["reasons"] == REASONS["ann"]
        assert in_language(connection, night, rows, "fr")[0]["reasons_in"] == "en"
    assert [reason["text"] for reason in ann["reasons"]] == [*SPANISH.values()]
    assert [{**reason, "text": ""} for reason in ann["reasons"]] == [
        {**reason, "text": ""} for reason in REASONS["ann"]
    ]
    assert (ann["moved_by"], ann["moved_in"]) == (SPANISH[FAILED["text"]], "es")
    # The reason that went is one of the night before.
    assert (bob["moved_by"], bob["action_text"]) == (SPANISH[WAITED["text"]], LLAMAR)
    assert (cid["moved_by"], cid["moved_in"], cid["action_in"]) == (None, "en", "es")


def test_an_older_night_is_not_translated_by_the_table_alone(url: str) -> None:
    in_older_form(url)
    with reading(url) as connection:
        night = published_night(connection)
        (ann,) = in_language(connection, night, [one(connection, "ann") or {}], "es")
    assert (ann["reasons"], ann["reasons_in"], ann["action_in"]) == (REASONS["ann"], "en", "en")


def test_a_night_beside_an_older_one_says_what_moved(store_url: str) -> None:
    put(store_url, MARCH_1, row("ann", 0.05, PLAN), row("bob", 0.5, FAILED))
    in_older_form(store_url)
    put(store_url, MARCH_2, row("ann", 0.6, PLAN, FAILED), row("bob", 0.05))
    assert read(store_url)["moved_by"].tolist() == [FAILED["text"], FAILED["text"]]


def test_an_older_night_scored_again_takes_todays_form(url: str) -> None:
    in_older_form(url)
    put(url, MARCH_2, row("ann", 0.6, FAILED))
    with reading(url) as connection:
        nights = {*connection.scalars(sa.select(PHRASES.c.scored_on))}
    assert nights == {MARCH_2}
    assert [reasons[0] for reasons in history(url, "ann")["reasons"]] == [PLAN, FAILED]


def test_a_phrase_is_kept_once_a_night_and_rows_hold_numbers(url: str) -> None:
    phrases = _rows(url, sa.select(PHRASES.c.text).where(PHRASES.c.scored_on == MARCH_2))
    texts = [phrase["text"] for phrase in phrases]
    assert sorted(texts) == sorted([CALL, *SPANISH])
    kept = _rows(url, sa.select(RISK).where(RISK.c.scored_on == MARCH_2))
    assert not any(text in str(row) for row in kept for text in texts)


def test_phrases_go_with_their_nights(url: str) -> None:
    put(url, APRIL_1, row("ann", 0.6, FAILED), keep_months=1)
    with reading(url) as connection:
        assert {*connection.scalars(sa.select(PHRASES.c.scored_on))} == {APRIL_1}


def test_what_was_said_of_an_erased_subscriber_alone_is_erased(url: str) -> None:
    erase(url, [ErasedAccount("ann", "forgotten:c0ffee", (), re.compile("ann"))])
    phrases = _rows(url, sa.select(PHRASES).where(PHRASES.c.scored_on == MARCH_2))
    # That a reply was slow moved bob, too; what failed was ann's alone.
    assert sorted(phrase["text"] for phrase in phrases) == sorted(
        [CALL, WAITED["text"], PLAN["text"]]
    )
    assert {row["subscriber_id"]: row["reasons"] for row in riskiest(url, 9)} == {
        who: REASONS[who] for who in ("bob", "cid")
    }


fields = st.fixed_dictionaries(
    {
        "signal": st.text(min_size=1, max_size=5),
        "text": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        "column": st.sampled_from(["plan", "tickets_open", 'a"b']),
        "value": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "weight": st.floats(0, 20, exclude_min=True),
    }
)


@settings(max_examples=50)
@given(st.lists(st.lists(fields, max_size=4), min_size=1, max_size=8))
def test_reasons_are_read_as_they_were_published_to_the_last_digit(
    tmp_path_factory: Any, reasons: list[list[dict[str, Any]]]
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('any')}/risk.db"
    rows = [row(f"s{n}", 0.5) | {"reasons": said} for n, said in enumerate(reasons)]
    put(url, MARCH_1, *rows)
    assert {row["subscriber_id"]: row["reasons"] for row in riskiest(url, 9)} == {
        row["subscriber_id"]: row["reasons"] for row in rows
    }
    with reading(url) as connection:
        assert over_time(connection, "s0")[0]["reasons"] == reasons[0]
