"""``perdura extract`` on a small home of people's exports: its report, and what landed."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.flows.cli.test_command_line import perdura

MAPPING = """
[[subscriptions]]
file = "subscriptions.csv"
null_words = ["NULL", "\\\\N"]
time_formats = ["epoch_s", "epoch_ms"]
subscriber_id = "customer"
subscription_id = "id"
plan = "'pro'"
currency = "currency"
country = "country"
mrr = "price"
[[subscriptions.event]]
kind = "'started'"
happened_at = "created"
[[subscriptions.event]]
kind = "'cancel_scheduled'"
happened_at = "cancel_at"

[[payments]]
file = "invoices_2025.csv"
separator = ";"
decimal = ","
types = { Betrag = "number" }
subscriber_id = "Kunde"
payment_id = "Rechnung"
kind = "'paid'"
happened_at = "Datum"
amount = "ROUND(Betrag * 100)"
currency = "'EUR'"
[[payments]]
file = "invoices_2026.csv"
where = "amount <> '0'"
subscriber_id = "customer"
payment_id = "invoice"
kind = "status"
happened_at = "day"
amount = "ROUND(CAST(amount AS DOUBLE) * 100)"
currency = "'EUR'"

[tickets]
file = "tickets.csv"
subscriber_id = "requester"
ticket_id = "ticket"
kind = "'opened'"
happened_at = "opened"
"""
FILES = {
    "subscriptions.csv": "id,customer,created,cancel_at,currency,country,price\n"
    "s1,17850,1767607200,0,usd,ES,2000\n"
    "s2,13085,1767607200000,1772442000,jpy,NULL,1500\n"
    "s3,\\N,1767607200,0,USD,ES,2000\n"
    "s4,12583,17676,0,US$,PT,2000\n",
    "invoices_2025.csv": "Kunde;Rechnung;Datum;Betrag\n17850;r1;2025-11-01;1.299,99\n"
    "13085;r2;2025-11-02;1.299\n13085;r3;2025-11-03;49,90\n13085;r4;2025-11-04;49\n"
    "13085;r5;2025-11-05;1.29\n",
    "invoices_2026.csv": "customer,invoice,day,status,amount\n17850.0,i1,2026-01-03,paid,9.99\n"
    "13085.0,i2,2026-01-05 10:00:00 UTC,paid,n/a\n17850.0,i3,2026-01-05t10:00z,payed,5.00\n"
    "9007199254740993.0,i4,2026-01-06,paid,5.00\n17850.0,i5,2026-01-07,paid,0\n",
    "tickets.csv": "ticket,requester,opened\n1,usr_ad52,2026-02-01T10:00:00Z\n"
    "2,usr_77b0,2026-02-03T11:00:00Z\n3,None,2026-02-04T09:30:00Z\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "mapping.toml").write_text(MAPPING)
    for name, text in FILES.items():
        (home / name).write_text(text)
    return home


@pytest.fixture(scope="module")
def told(home: Path) -> dict:
    return json.loads(extract(home, "--json"))


def extract(home: Path, *options: str) -> str:
    mapping = str(home / "mapping.toml")
    done = perdura("extract", "--mapping", mapping, "--until", "2026-03-10", *options, home=home)
    assert "Traceback" not in done.stderr
    return done.stdout


def landed(home: Path, table: str, *columns: str) -> list[tuple]:
    files = home / "data" / "landing" / table / "*.parquet"
    return pl.read_parquet(files).sort("happened_at", *columns).select(columns).rows()


def test_lands_each_value_as_it_was_meant(home: Path, told: dict):
    assert landed(home, "subscriptions", "subscriber_id", "kind", "mrr", "currency", "country") == [
        ("13085", "started", 1500, "JPY", None),
        ("17850", "started", 2000, "USD", "ES"),
        ("13085", "cancel_scheduled", 1500, "JPY", None),
    ]
    assert landed(home, "payments", "subscriber_id", "payment_id", "amount") == [
        ("17850", "r1", 129999),
        ("13085", "r2", 129900),
        ("13085", "r3", 4990),
        ("13085", "r4", 4900),
        ("17850", "i1", 999),
    ]


def test_reports_every_row_and_every_rule_with_an_example(told: dict):
    tables = {each["table"]: each for each in told["tables"]}
    for each in tables.values():
        rows = each["in_rows"]
        assert rows["read"] == sum(rows.values()) - rows["read"]
    assert tables["payments"]["in_rows"]["dropped"] == 1
    assert {name: each["rejected"] for name, each in tables.items()} == {
        "subscriptions": {"implausible_time": 1, "no_subscriber": 1},
        "payments": {"bad_type": 2, "imprecise_id": 1, "unknown_kind": 1},
        "tickets": {"null_word": 1},
    }
    examples = {
        (e["rule"], e["file"], e["row"], e["value"]) for e in tables["payments"]["examples"]
    }
    assert examples == {
        ("bad_type", "invoices_2025.csv", 6, "1.29"),
        ("imprecise_id", "invoices_2026.csv", 5, "9007199254740993.0"),
        ("unknown_kind", "invoices_2026.csv", 4, "payed"),
    }
    assert any(".0" in note and "invoices_2026.csv" in note for note in tables["payments"]["notes"])


def test_marks_tickets_whose_requesters_nobody_knows(told: dict):
    assert told["degraded"] == ["tickets"]
    assert "0 of 2 subscribers are known; known_share = 0.05" in told["because"]["tickets"]


def test_says_it_in_words_too_and_that_all_had_landed(home: Path, told: dict):
    words = " ".join(extract(home).split())
    for said in (
        "table read landed had before for later dropped rejected",
        (
            "payments: 1 unknown kind: invoices_2026.csv, line 4, kind 'payed'; found 'payed' (1); "
            "kinds of payments are invoiced, paid, failed, refunded, disputed, written_off."
        ),
        (
            "tickets: 0 of 2 subscribers are known from subscriptions or payments; its ids are "
            "such as 'usr_77b0', and those of subscriptions or payments such as '13085'."
        ),
        "Degraded: tickets: 0 of 2 subscribers are known",
    ):
        assert said in words


def test_an_extract_of_which_every_row_is_rejected_has_failed(tmp_path: Path):
    mapping = MAPPING[MAPPING.index("[tickets]") :].replace("'opened'", "'begun'")
    (tmp_path / "mapping.toml").write_text(mapping)
    (tmp_path / "tickets.csv").write_text(FILES["tickets.csv"])
    words = ("extract", "--mapping", str(tmp_path / "mapping.toml"), "--until", "2026-03-10")
    done = perdura(*words, home=tmp_path, ok=False)
    assert "unknown kind" in done.stdout
    assert "nothing landed: 3 rows of the sources were rejected" in done.stderr
    assert "Traceback" not in done.stderr
