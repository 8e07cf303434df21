"""A folder of plain files becomes the mapping that one would write: its events tell."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from perdura.flows.onboarding.first_mapping import (
    FirstMapping,
    NoSources,
    UnsureDates,
    WhereDataAre,
    first_mapping,
)
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.mapping import read_mapping
from tests.support.small_sources import Business

SHARED = Path(__file__).parents[4] / "shared" / "data"
EXAMPLES = Path(__file__).parents[3] / "examples"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


def guessed(
    folder: Path, *, day_first: bool | None = None, currency: str | None = None
) -> FirstMapping:
    where = WhereDataAre(files=(folder / "files",), day_first=day_first, currency=currency)
    first = first_mapping(where, folder, lambda _: None)
    (folder / "mapping.toml").write_text(first.text, encoding="utf-8")
    return first


def business(folder: Path, files: dict[str, str | bytes]) -> Business:
    made = Business(folder)
    for name, text in files.items():
        made.write(f"files/{name}", text)
    return made


def kinds(first: FirstMapping) -> dict[str, str | None]:
    return {file.name: file.kind for file in first.files}


SUBSCRIPTIONS = """id,customer_id,plan,price,currency,interval,start_date,cancelled_at,ended_at
s1,ann,pro,30.00,EUR,month,2026-01-03,2026-04-20,2026-05-03
s2,bob,basic,120.00,EUR,year,2026-02-01,,
"""


def test_subscriptions_with_their_price_by_month(tmp_path: Path):
    made = business(tmp_path, {"subscriptions.csv": SUBSCRIPTIONS})
    guessed(tmp_path)
    made.extract(UNTIL)
    columns = ["subscriber_id", "kind", "mrr", "interval_months", "plan", "currency"]
    assert made.events("subscriptions", columns) == [
        ("ann", "started", 3000, 1.0, "pro", "EUR"),
        ("ann", "cancel_scheduled", None, 1.0, "pro", "EUR"),
        ("ann", "ended", 0, 1.0, "pro", "EUR"),
        ("bob", "started", 1000, 12.0, "basic", "EUR"),
    ]


def test_what_happened_on_a_day_is_known_by_its_end(tmp_path: Path):
    made = business(tmp_path, {"subscriptions.csv": SUBSCRIPTIONS})
    guessed(tmp_path)
    made.extract(UNTIL)
    happened, known = made.events("subscriptions", ["happened_at", "known_at"])[0]
    assert (happened, known) == (
        datetime(2026, 1, 3, tzinfo=UTC),
        datetime(2026, 1, 3, 23, 59, tzinfo=UTC),
    )


def test_a_european_export_of_payments(tmp_path: Path):
    text = (
        "Kundennr;Rechnungsnr;Datum;Betrag;Status\n"
        "k1;r1;31.01.2026;1.299,90 €;bezahlt\nk2;r2;02.03.2026;49,00 €;paid\n"
        "k1;r3;03.03.2026;49,00 €;failed\nk2;r4;04.03.2026;10,00 €;pending\n"
    )
    made = business(tmp_path, {"zahlungen.csv": text.encode("cp1252")})
    first = guessed(tmp_path)
    assert kinds(first) == {"zahlungen": "payments"}
    made.extract(UNTIL)
    columns = ["subscriber_id", "invoice_id", "kind", "amount", "currency"]
    assert made.events("payments", columns) == [
        ("k1", "r3", "failed", 4900, "EUR"),
        ("k2", "r2", "paid", 4900, "EUR"),
    ]


def test_amounts_below_zero_are_refunds_and_cents_stay_cents(tmp_path: Path):
    text = (
        "customer_id,payment_id,paid_at,amount_cents\n"
        "ann,p1,2026-01-03,500\nann,p2,2026-01-05,-200\n"
    )
    made = business(tmp_path, {"payments.csv": text})
    guessed(tmp_path, currency="usd")
    made.extract(UNTIL)
    assert made.events("payments", ["kind", "amount", "currency"]) == [
        ("paid", 500, "USD"),
        ("refunded", 200, "USD"),
    ]


def test_tickets_that_know_an_e_mail_find_their_customer(tmp_path: Path):
    made = business(
        tmp_path,
        {
            "subscriptions.csv": SUBSCRIPTIONS,
            "customers.csv": "id,email,signup_date\nann,Ann@Example.com,2026-01-01\n"
            "bob,bob@example.com,2026-01-01\n",
            "tickets.csv": "ticket_id,requester_email,created_at,solved_at,priority,csat\n"
            "t1,ann@example.com ,2026-03-01 10:00:00,2026-03-02 10:00:00,high,5\n"
            "t2,bob@example.com,2026-03-05 10:00:00,,low,\n",
        },
    )
    first = guessed(tmp_path)
    assert kinds(first) == {
        "customers": "accounts", "subscriptions": "subscriptions", "tickets": "tickets",
    }  # fmt: skip
    made.extract(UNTIL)
    assert made.events("tickets", ["subscriber_id", "ticket_id", "kind", "score"]) == [
        ("ann", "t1", "opened", None),
        ("ann", "t1", "rated", 5.0),
        ("ann", "t1", "resolved", None),
        ("bob", "t2", "opened", None),
    ]


def test_small_numbers_that_meet_by_chance_are_no_key(tmp_path: Path):
    """Tickets and customers are both numbered from 1: the column that is called so is the key."""
    rows = "".join(f"{n},{21 - n},2026-03-{n:02},low\n" for n in range(1, 21))
    starts = "".join(f"{n},pro,10.50,2026-01-{n:02},\n" for n in range(1, 21))
    made = business(
        tmp_path,
        {
            "subscriptions.csv": f"customer_id,plan,price,start,end\n{starts}",
            "tickets.csv": f"id,customer_id,opened,priority\n{rows}",
        },
    )
    guessed(tmp_path)
    made.extract(UNTIL)
    assert made.events("tickets", ["ticket_id", "subscriber_id"])[0] == ("20", "1")


def test_two_columns_called_id_are_no_link(tmp_path: Path):
    """Tickets and subscriptions are numbered alike, and nothing says whose a ticket is."""
    starts = "".join(f"{n},{n},pro,10.50,2026-01-{n:02},\n" for n in range(1, 21))
    rows = "".join(f"{n},2026-03-{n:02},low\n" for n in range(1, 21))
    business(
        tmp_path,
        {
            "subscriptions.csv": f"id,customer_id,plan,price,start,end\n{starts}",
            "tickets.csv": f"id,opened,priority\n{rows}",
        },
    )
    notes = guessed(tmp_path).notes
    assert "files/tickets.csv: no column names a subscriber; it is left out" in notes


def test_usage_finds_its_subscriber_by_the_subscription(tmp_path: Path):
    made = business(
        tmp_path,
        {
            "subscriptions.csv": SUBSCRIPTIONS.replace(
                "id,customer_id", "subscription_id,customer_id"
            ),
            "usage.jsonl": (
                '{"subscription_id": "s1", "day": "2026-02-01", "feature": "export", "count": 3}\n'
                '{"subscription_id": "s2", "day": "2026-03-01", "feature": "import", "count": 1}\n'
            ),
        },
    )
    guessed(tmp_path)
    made.extract(UNTIL)
    assert made.events("usage", ["subscriber_id", "kind", "quantity"]) == [
        ("ann", "export", 3.0),
        ("bob", "import", 1.0),
    ]


def test_names_of_columns_that_are_words_of_sql_or_none(tmp_path: Path):
    text = "Customer ID,order,date,Total Amount\nann,o1,2026-01-03,5.25\n"
    made = business(tmp_path, {"orders.csv": text})
    guessed(tmp_path)
    made.extract(UNTIL)
    assert made.events("payments", ["subscriber_id", "amount"]) == [("ann", 525)]


AMBIGUOUS = "customer_id,order_id,date,amount\nann,o1,03/04/2026,5.25\nbob,o2,05/06/2025,5.25\n"


@pytest.mark.parametrize(("day_first", "month"), [(True, 4), (False, 3)])
def test_dates_that_may_be_read_in_two_ways_are_asked_for(
    tmp_path: Path, day_first: bool, month: int
):
    made = business(tmp_path, {"orders.csv": AMBIGUOUS})
    with pytest.raises(UnsureDates, match=r"date of orders.*--day-first or --month-first"):
        guessed(tmp_path)
    guessed(tmp_path, day_first=day_first)
    made.extract(UNTIL)
    first = datetime(2026, month, 7 - month, tzinfo=UTC)
    assert (first,) in made.events("payments", ["happened_at"])


def test_what_another_column_tells_of_days_and_months_goes_for_all(tmp_path: Path):
    made = business(
        tmp_path,
        {
            "orders.csv": AMBIGUOUS,
            "refunds.csv": "customer_id,payment_id,date,refund_amount\nann,o1,31/12/2025,1.50\n",
        },
    )
    guessed(tmp_path)
    made.extract(UNTIL)
    assert ("paid", datetime(2026, 4, 3, tzinfo=UTC)) in made.events(
        "payments", ["kind", "happened_at"]
    )


def test_a_file_that_cannot_be_told_is_left_out_and_said(tmp_path: Path):
    business(
        tmp_path,
        {
            "subscriptions.csv": SUBSCRIPTIONS,
            "notes.csv": "a,b\n1,2\n",
            "empty.csv": "",
            "x.pdf": "%PDF",
        },
    )
    first = guessed(tmp_path)
    assert any("files/notes.csv: cannot tell what it is" in note for note in first.notes)
    assert any("files/empty.csv is empty" in note for note in first.notes)


def test_nothing_to_read_is_said(tmp_path: Path):
    business(tmp_path, {"x.pdf": "%PDF"})
    with pytest.raises(NoSources, match="found no table to read; give --files FOLDER"):
        guessed(tmp_path)
    with pytest.raises(NoSources, match="there is no folder"):
        first_mapping(WhereDataAre(files=(tmp_path / "none",)), tmp_path, lambda _: None)


def test_tables_of_a_database_are_guessed_as_files_are(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "billing.sqlite")) as connection, connection:
        connection.execute(
            """CREATE TABLE subscriptions (id TEXT, customer_id TEXT, plan TEXT, price REAL,
            start_date TEXT, ended_at TEXT, note TEXT)"""
        )
        row = ("s1", "ann", "pro", 30.5, "2026-01-03", None, "x" * 99)
        connection.execute("INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    where = WhereDataAre(databases=("sqlite:///billing.sqlite",))
    made = Business(tmp_path)
    made.maps(first_mapping(where, tmp_path, lambda _: None).text)
    # What people wrote is not even asked for.
    assert "note" not in (tmp_path / "mapping.toml").read_text()
    made.extract(UNTIL)
    assert made.events("subscriptions", ["subscriber_id", "kind", "mrr"]) == [
        ("ann", "started", 3050)
    ]


@pytest.mark.parametrize("vendor", ["stripe", "zendesk", "recurly"])
def test_a_vendors_mapping_is_written_with_where_its_data_are(tmp_path: Path, vendor: str):
    (tmp_path / "export").mkdir()
    where = WhereDataAre(vendors={vendor: tmp_path / "export"})
    Business(tmp_path).maps(first_mapping(where, tmp_path, lambda _: None).text)
    read = read_mapping(tmp_path / "mapping.toml")
    assert read.connections == {vendor: {"folder": "export"}}
    assert read.frames[vendor]
    assert read.settings["churn"]["rule"]


@pytest.mark.skipif(not SHARED.exists(), reason="third-party data is not beside the checkout")
def test_ravenstack_gives_the_same_events_as_the_mapping_written_by_hand(tmp_path: Path):
    """All of it is guessed: of accounts that left, tickets of before the sign-up, usage outside."""
    where = WhereDataAre(files=(SHARED / "ravenstack",))
    made = Business(tmp_path).maps(first_mapping(where, tmp_path, lambda _: None).text)
    until = datetime(2025, 1, 1, tzinfo=UTC)
    made.extract(until)
    by_hand = Landing(tmp_path / "by_hand")
    extract(EXAMPLES / "ravenstack.toml", until=until, landing=by_hand)
    wanted = {name: frame.collect() for name, frame in by_hand.events().items()}
    found = {name: frame.collect() for name, frame in made.landing.events().items()}
    heights = {name: frame.height for name, frame in wanted.items() if frame.height}
    assert heights == {"subscriptions": 8346, "payments": 142, "tickets": 3365, "usage": 5568}
    for name, frame in wanted.items():
        both = (one.sort(one.columns, nulls_last=True) for one in (frame, found[name]))
        assert_frame_equal(*both)
