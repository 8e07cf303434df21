"""Queries and object stores as inputs of a mapping, by a whole extract."""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping, read_mapping
from tests.support.object_store import ObjectStore, served
from tests.support.small_sources import UNTIL, Business

QUERY = 'query = "SELECT id, customer, paid_at, cents FROM payments"'
PAYMENTS = """
[payments]
query = "SELECT id, customer, paid_at, cents FROM payments"
database = "$SHOP_URL"
subscriber_id = "customer"
payment_id = "id"
happened_at = "paid_at"
kind = "'paid'"
amount = "cents"
currency = "'EUR'"
"""
BY_WATERMARK = PAYMENTS.replace("currency", 'watermark = "changed_at"\ncurrency', 1).replace(
    "cents FROM", "cents, changed_at FROM"
)
DAY = timedelta(days=1)


@pytest.fixture
def business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Business:
    monkeypatch.setenv("SHOP_URL", "sqlite:///shop.sqlite")
    made = Business(tmp_path)
    run(made, TABLE)
    return made


TABLE = """CREATE TABLE payments
(id TEXT PRIMARY KEY, customer TEXT, paid_at TEXT, cents INT, changed_at TEXT)"""


def run(business: Business, *statements: str, values: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(business.folder / "shop.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement, values)


def pay(
    business: Business, number: int, paid: str, changed: str | None = None, cents: int = 500
) -> None:
    values = (f"p{number}", "ann", paid, cents, changed or paid)
    run(business, "INSERT OR REPLACE INTO payments VALUES (?, ?, ?, ?, ?)", values=values)


def landed(business: Business) -> list[tuple[object, ...]]:
    return business.events("payments", ["payment_id", "kind", "amount"])


def test_a_query_lands_as_a_file_does(business: Business):
    pay(business, 1, "2026-01-05 10:00:00")
    pay(business, 2, "2026-02-05 10:00:00", cents=-3)
    business.maps(PAYMENTS)
    report = business.table_report("payments")
    assert landed(business) == [("p1", "paid", 500)]
    (example,) = report.examples
    assert (example.rule, example.file, example.row) == ("negative_amount", "query of $SHOP_URL", 2)


def test_a_query_may_stand_in_a_file_and_in_a_join(business: Business):
    pay(business, 1, "2026-01-05")
    run(
        business,
        "CREATE TABLE people (mail TEXT, id TEXT)",
        "INSERT INTO people VALUES ('ann', 'c1')",
    )
    business.write("sql/payments.sql", "SELECT id, customer, paid_at, cents FROM payments;\n")
    mapping = PAYMENTS.replace(QUERY, 'query_file = "sql/payments.sql"')
    joined = (
        '[[payments.join]]\nquery = "SELECT mail, id AS person FROM people"\n'
        'database = "$SHOP_URL"\non = { customer = "mail" }\ntake = { person = "person" }\n'
    )
    business.maps(mapping.replace('"customer"', '"person"') + joined).extract()
    assert business.events("payments", ["subscriber_id"]) == [("c1",)]


def test_nothing_of_a_query_stays_behind(business: Business):
    pay(business, 1, "2026-01-05")
    business.maps(PAYMENTS).extract()
    assert not business.landing.staging.exists()
    (business.folder / "shop.sqlite").rename(business.folder / "moved.sqlite")
    with pytest.raises(IncompleteExtract):
        business.extract(UNTIL + DAY)
    assert not business.landing.staging.exists()


def test_a_database_that_does_not_answer_keeps_no_other_table_from_landing(business: Business):
    business.write("usage.csv", "who,day\nann,2026-01-03\n")
    business.maps(
        PAYMENTS.replace("$SHOP_URL", "sqlite:///gone.sqlite")
        + """[usage]
file = "usage.csv"
subscriber_id = "who"
happened_at = "day"
kind = "'seen'"
"""
    )
    with pytest.raises(IncompleteExtract, match=r"\[payments\].*there is no file .*gone.sqlite"):
        business.extract()
    assert business.events("usage", ["subscriber_id"]) == [("ann",)]


def test_a_password_in_the_mapping_is_refused_and_in_no_word(business: Business):
    business.maps(PAYMENTS.replace("$SHOP_URL", "postgresql://ann:hunter2@db/shop"))
    with pytest.raises(IncompleteExtract, match="holds a password") as error:
        business.extract()
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('file = "a.csv"\nquery = "SELECT 1"\ndatabase = "$X"', "either file = '...', or query"),
        ("", "either file = '...', or query"),
        ('query = "SELECT 1"', "a query needs database"),
        ('file = "a.csv"\ndatabase = "$X"', "goes with query"),
        ('file = "a.csv"\nwatermark = "at"', "watermark = '...' is for a query"),
        (
            (
                'query = "SELECT 1"\ndatabase = "$X"\nwatermark = "at"\n'
                'series = { from = "a", months = 1 }'
            ),
            "series looks at all rows",
        ),
        ('query_file = "none.sql"\ndatabase = "$X"', "there is no query_file"),
        ('file = "s3://shop/payments.csv"', "only Parquet"),
    ],
)
def test_what_does_not_go_together_is_refused(business: Business, keys: str, says: str):
    business.maps(f"[payments]\n{keys}\n")
    with pytest.raises(BadMapping, match=says):
        read_mapping(business.folder / "mapping.toml")


def test_a_changed_query_is_a_changed_mapping_and_a_moved_database_is_none(business: Business):
    read = [
        read_mapping(business.maps(text).folder / "mapping.toml").fingerprint("payments")
        for text in (
            PAYMENTS,
            PAYMENTS.replace("$SHOP_URL", "sqlite:///other.sqlite"),
            PAYMENTS.replace("FROM payments", "FROM payments WHERE cents > 0"),
        )
    ]
    assert read[0] == read[1] != read[2]


class TestWatermark:
    def test_only_what_changed_since_is_read_again(self, business: Business):
        pay(business, 1, "2026-01-05")
        pay(business, 2, "2026-02-27 20:00:00")
        business.maps(BY_WATERMARK).extract()
        pay(business, 3, "2026-03-01 09:00:00")
        report = business.table_report("payments", UNTIL + DAY)
        # The first is older than a day before the extract before; the second may be read again.
        assert (report.rows, report.landed, report.vanished) == (1, 1, 0)
        assert [row[0] for row in landed(business)] == ["p1", "p2", "p3"]

    def test_what_is_written_late_is_found_within_the_overlap(self, business: Business):
        pay(business, 1, "2026-01-05")
        business.maps(BY_WATERMARK).extract()
        pay(business, 2, "2026-02-28 12:00:00")
        business.extract(UNTIL + DAY)
        known = business.events("payments", ["payment_id", "known_at"])
        # It was not there to be read before: known at the end of the extract that missed it.
        assert known[1] == ("p2", UNTIL)

    def test_a_day_done_again_reads_the_same_rows(self, business: Business):
        pay(business, 1, "2026-01-05")
        business.maps(BY_WATERMARK).extract()
        pay(business, 2, "2026-03-01 09:00:00")
        business.extract(UNTIL + DAY)
        first = business.files()
        business.extract(UNTIL + DAY)
        assert business.files() == first

    def test_a_day_done_again_starts_where_the_day_before_ended(self, business: Business):
        pay(business, 1, "2026-01-05")
        without_overlap = BY_WATERMARK.replace("currency", 'overlap = "0s"\ncurrency', 1)
        business.maps(without_overlap).extract()
        pay(business, 2, "2026-03-01 09:00:00")
        business.extract(UNTIL + DAY)
        business.extract(UNTIL + DAY)
        assert [row[0] for row in landed(business)] == ["p1", "p2"]

    def test_an_extract_that_reads_nothing_new_has_seen_that_there_was_nothing(
        self, business: Business
    ):
        pay(business, 1, "2026-01-05")
        business.maps(BY_WATERMARK).extract()
        report = business.extract(UNTIL + 3 * DAY)
        assert (report.tables[0].rows, report.degraded) == (0, ())
        pay(business, 2, "2026-02-05", changed="2026-03-04 10:00:00")
        business.extract(UNTIL + 4 * DAY)
        known = business.events("payments", ["payment_id", "known_at"])
        # Not at the end of the extract that read the first: this one could have read it too.
        assert known[1] == ("p2", UNTIL + 3 * DAY)

    def test_a_table_that_is_landed_afresh_is_read_whole(self, business: Business):
        pay(business, 1, "2026-01-05")
        business.maps(BY_WATERMARK).extract()
        for file in (business.landing.folder / "payments").iterdir():
            file.unlink()
        business.extract(UNTIL + DAY)
        assert [row[0] for row in landed(business)] == ["p1"]

    def test_a_row_that_holds_an_event_to_come_is_not_lost(self, business: Business):
        pay(business, 1, "2026-03-20", changed="2026-02-01")
        business.maps(BY_WATERMARK)
        with pytest.raises(IncompleteExtract, match=r"still to come.*GREATEST"):
            business.extract()
        business.maps(BY_WATERMARK.replace('"changed_at"', '"MAX(changed_at, paid_at)"')).extract()
        assert landed(business) == []
        business.extract(datetime(2026, 3, 10, tzinfo=UTC))
        business.extract(datetime(2026, 3, 21, tzinfo=UTC))
        assert [row[0] for row in landed(business)] == ["p1"]

    def test_what_changes_lands_as_a_newer_version(self, business: Business):
        pay(business, 1, "2026-01-05")
        business.maps(BY_WATERMARK).extract()
        run(business, "UPDATE payments SET cents = 900, changed_at = '2026-03-01 10:00:00'")
        business.extract(UNTIL + DAY)
        assert [row[2] for row in landed(business)] == [500, 900]
        run(business, "UPDATE payments SET cents = 500, changed_at = '2026-03-02 10:00:00'")
        business.extract(UNTIL + 2 * DAY)
        known = business.events("payments", ["known_at", "amount"])
        assert [amount for _, amount in sorted(known)] == [500, 900, 500]


written = st.tuples(
    st.integers(0, 4),  # the day on which a row was last changed
    st.integers(0, 23),
    st.integers(1, 2),
    st.integers(0, 1),  # the payment
)


@settings(max_examples=8)
@given(st.lists(written, min_size=1, max_size=6))
def test_by_a_watermark_lands_what_lands_without(changes: list[tuple[int, int, int, int]]):
    import tempfile

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setenv("SHOP_URL", "sqlite:///shop.sqlite")
        both = [Business(Path(folder) / name) for name in ("whole", "part")]
        for made, mapping in zip(both, (PAYMENTS, BY_WATERMARK), strict=True):
            made.maps(mapping)
            run(made, TABLE)
            for day in range(5):
                for when, hour, cents, number in sorted(changes):
                    if when == day:
                        moment = UNTIL + timedelta(days=when, hours=hour)
                        changed = f"{moment:%Y-%m-%d %H:%M:%S}"
                        pay(made, number, f"2026-02-0{number + 1}", changed, cents)
                made.extract(UNTIL + timedelta(days=day + 1))
        columns = ["payment_id", "happened_at", "known_at", "amount"]
        whole, part = (made.events("payments", columns) for made in both)
        assert whole == part


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with served() as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


def parquet(*numbers: int) -> bytes:
    rows = pl.DataFrame(
        {
            "id": [f"p{n}" for n in numbers],
            "customer": ["ann"] * len(numbers),
            "paid_at": [datetime(2026, 1, n, tzinfo=UTC) for n in numbers],
            "cents": [100 * n for n in numbers],
        }
    )
    file = io.BytesIO()
    rows.write_parquet(file)
    return file.getvalue()


FROM_STORE = PAYMENTS.partition("subscriber_id")


def test_parquet_in_a_store_lands_as_a_file_does(business: Business, store: ObjectStore):
    store.objects = {"shop/pay/a.parquet": parquet(1, 2), "shop/pay/b.parquet": parquet(3)}
    business.maps(f'[payments]\nfile = "s3://shop/pay/*.parquet"\nsubscriber_id{FROM_STORE[2]}')
    business.extract()
    assert [row[0] for row in landed(business)] == ["p1", "p2", "p3"]
    assert not business.landing.staging.exists()


def test_an_object_that_is_not_there_or_not_ours_is_said_without_secrets(
    business: Business, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
):
    business.maps(f'[payments]\nfile = "s3://shop/none.parquet"\nsubscriber_id{FROM_STORE[2]}')
    with pytest.raises(IncompleteExtract, match=r"s3://shop/none\.parquet cannot be read") as error:
        business.extract()
    store.objects = {"others/none.parquet": parquet(1)}
    business.maps(f'[payments]\nfile = "s3://others/none.parquet"\nsubscriber_id{FROM_STORE[2]}')
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    with pytest.raises(IncompleteExtract, match="check the address, and that") as refused:
        business.extract()
    for said in (str(error.value), str(refused.value)):
        assert "a-secret" not in said
        assert "somebody" not in said
