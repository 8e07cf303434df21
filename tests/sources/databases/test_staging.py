"""What a query gives: the same from every database, read only, and no secret in any word."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perdura.sources.databases.address import BadDatabase, read_address
from perdura.sources.databases.queries import Watermark
from perdura.sources.databases.staging import stage_query
from perdura.sources.staged import WATERMARK
from tests.sources.databases.conftest import Shop


def staged(
    shop: Shop, sql: str, zone: str = "UTC", watermark: Watermark | None = None
) -> pl.DataFrame:
    file = shop.folder / "staged.parquet"
    rows = stage_query(read_address("$SHOP_URL", shop.folder), sql, zone, file, watermark)
    read = pl.read_parquet(file)
    assert rows == read.height
    return read


def refused(shop: Shop, sql: str) -> str:
    with pytest.raises(BadDatabase) as error:
        staged(shop, sql)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return str(error.value)


def days(values: pl.Series) -> list[str | None]:
    return [None if value is None else str(value) for value in values]


def test_every_database_gives_the_same_rows(shop: Shop):
    read = staged(shop, "SELECT * FROM payments ORDER BY id;")
    assert read["id"].to_list() == [1, 2, 3]
    assert read["customer"].to_list() == ["ann", "bob", "eve"]
    assert read["cents"].to_list() == [500, 1250, None]
    assert days(read["paid_at"]) == ["2026-01-05 10:00:00", "2026-02-03 23:30:00", None]
    assert days(read["day"]) == ["2026-01-05", "2026-02-03", None]


def test_decimals_keep_every_digit(shop: Shop):
    read = staged(shop, "SELECT price FROM payments WHERE id < 3 ORDER BY id")
    # SQLite has no decimals: 5.00 is stored as 5.
    assert read["price"].to_list() == (
        ["5", "12.5"] if shop.kind == "sqlite" else ["5.00", "12.50"]
    )


def test_a_query_of_no_rows_has_its_columns(shop: Shop):
    assert staged(shop, "SELECT id, customer FROM payments WHERE id > 9").columns == [
        "id", "customer",
    ]  # fmt: skip


def test_a_query_may_begin_with_WITH_and_end_with_a_comment(shop: Shop):  # noqa: N802
    sql = "WITH paid AS (SELECT * FROM payments WHERE cents > 600) SELECT id FROM paid -- paid;"
    assert staged(shop, sql)["id"].to_list() == [2]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM payments",
        "DELETE FROM payments WHERE id = 1 RETURNING id",
        "SELECT 1; DELETE FROM payments",
        "SELECT 1) AS a; DELETE FROM payments; SELECT * FROM (SELECT 1",
        "DROP TABLE payments",
        "UPDATE payments SET cents = 0",
    ],
)
def test_nothing_but_a_query_runs_and_the_database_stays_as_it_was(shop: Shop, sql: str):
    refused(shop, sql)
    assert staged(shop, "SELECT id FROM payments WHERE cents > 0").height == 2


def test_a_table_that_is_not_there_is_named(shop: Shop):
    said = refused(shop, "SELECT * FROM invoices")
    assert "invoices" in said
    assert "check the name in the query" in said
    assert said.startswith("$SHOP_URL (")


def test_columns_without_names_of_their_own_are_refused(shop: Shop):
    if shop.kind in ("sqlite", "duckdb"):
        pytest.skip("it gives the second of two columns a name of its own")
    assert "id" in refused(shop, "SELECT id, id FROM payments")


def test_no_word_holds_a_value_of_a_row(shop: Shop):
    if shop.kind in ("sqlite", "mysql"):
        pytest.skip("it takes any text for a number")
    said = refused(shop, "SELECT CAST(customer AS INTEGER) AS a FROM payments")
    assert "ann" not in said
    assert "bob" not in said


def since(moment: datetime, sql: str = "paid_at", form: str | None = None) -> Watermark:
    return Watermark(sql, moment, "UTC", form)


def test_a_watermark_leaves_out_what_is_older_than_its_day(shop: Shop):
    """The day begins before the moment: 2026-02-03 23:30 is read again after 2026-02-03 23:45."""
    read = staged(
        shop,
        "SELECT id, paid_at FROM payments",
        watermark=since(datetime(2026, 2, 3, 23, 45, tzinfo=UTC)),
    )
    # What has no watermark is read every time: nothing tells that it is old.
    assert sorted(read["id"]) == [2, 3]
    assert days(read.sort("id")[WATERMARK]) == ["2026-02-03 23:30:00", None]


def test_a_watermark_may_be_a_day_or_an_expression(shop: Shop):
    moment = datetime(2026, 2, 3, tzinfo=UTC)
    for sql in ("day", "COALESCE(paid_at, '2026-03-01 00:00:00')"):
        read = staged(shop, "SELECT * FROM payments", watermark=since(moment, sql))
        assert sorted(read["id"]) == [2, 3]


def test_without_an_earlier_extract_a_watermark_leaves_nothing_out(shop: Shop):
    watermark = Watermark("paid_at", None, "UTC")
    assert staged(shop, "SELECT * FROM payments", watermark=watermark).height == 3


@pytest.mark.parametrize(
    ("form", "literal"),
    [
        (None, "TIMESTAMP '2026-03-29 00:00:00'"),
        ("iso", "TIMESTAMP '2026-03-29 00:00:00'"),
        ("epoch_s", "1774738800"),
        ("epoch_ms", "1774738800000"),
        ("%Y%m%d", "'20260329'"),
    ],
)
def test_the_start_of_a_watermark_is_a_midnight_there(form: str | None, literal: str):
    """At 2026-03-28 23:00 UTC it is midnight in Madrid."""
    moment = datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert Watermark("at", moment, "Europe/Madrid", form).literal("postgresql") == literal


def test_postgres_types_are_read_or_become_text(
    postgres_url: str, tmp_path: Path, monkeypatch: Any
):
    shop = Shop("postgresql", postgres_url, tmp_path)
    monkeypatch.setenv("SHOP_URL", postgres_url)
    shop.run(
        "CREATE TYPE mood AS ENUM ('fine', 'bad')",
        "CREATE TABLE odd (u uuid, m mood, j jsonb, a int[], tz timestamptz, never timestamp, "
        "i interval, money money, inet inet, b bytea, c char(3), d date)",
        "INSERT INTO odd VALUES ('00000000-0000-0000-0000-00000000000a', 'fine', '{\"a\": 1}', "
        "'{1,2}', '2026-01-01 01:00+02', 'infinity', '1 day', 3, '10.0.0.1', 'abc', 'EUR', "
        "'-infinity')",
    )
    row = staged(shop, "SELECT * FROM odd").row(0, named=True)
    assert row.pop("tz") == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert row == {
        "u": "00000000-0000-0000-0000-00000000000a", "m": "fine", "j": '{"a": 1}', "a": "{1,2}",
        "never": None, "i": "1 day", "money": "$3.00", "inet": "10.0.0.1/32", "b": "\\x616263",
        "c": "EUR", "d": None,
    }  # fmt: skip


def test_postgres_compares_in_the_zone_of_the_input(
    postgres_url: str, tmp_path: Path, monkeypatch: Any
):
    """At 2026-02-03 22:45 UTC the day in Madrid has not begun anew; at 23:15 it has."""
    shop = Shop("postgresql", postgres_url, tmp_path)
    monkeypatch.setenv("SHOP_URL", postgres_url)
    shop.run(
        "CREATE TABLE t (id int, at timestamptz)",
        "INSERT INTO t VALUES (1, '2026-02-03 22:45+00'), (2, '2026-02-03 23:15+00')",
    )
    watermark = Watermark("at", datetime(2026, 2, 4, 9, tzinfo=UTC), "Europe/Madrid")
    assert staged(shop, "SELECT * FROM t", "Europe/Madrid", watermark)["id"].to_list() == [2]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setenv("SHOP_URL", "sqlite:///none.sqlite")
    shop = Shop("sqlite", "", tmp_path)
    assert "there is no file" in refused(shop, "SELECT 1")
    assert not (tmp_path / "none.sqlite").exists()


def test_sqlite_reads_what_it_stores_of_several_types_as_text(tmp_path: Path, monkeypatch: Any):
    shop = Shop("sqlite", "", tmp_path)
    shop.run(
        "CREATE TABLE t (mixed, whole, part, late)",
        "INSERT INTO t VALUES (1, 7, 1.5, NULL), ('a', NULL, 2, NULL), (2.5, 8, NULL, x'C3B1')",
        "INSERT INTO t VALUES (NULL, NULL, NULL, x'FF61')",
    )
    monkeypatch.setenv("SHOP_URL", "sqlite:///shop.sqlite")
    read = staged(shop, "SELECT * FROM t")
    assert read.to_dict(as_series=False) == {
        "mixed": ["1", "a", "2.5", None],
        "whole": [7, None, 8, None],
        "part": ["1.5", "2", None, None],
        "late": [None, None, "ñ", "\ufffda"],
    }


def test_mysql_reads_its_date_of_zeros_as_text(
    mysql_socket: Path, tmp_path: Path, monkeypatch: Any
):
    url = f"mysql://root@localhost/test0?unix_socket={mysql_socket}"
    shop = Shop("mysql", url, tmp_path)
    shop.run(
        "CREATE OR REPLACE DATABASE test0", "USE test0", "SET sql_mode = ''",
        "CREATE TABLE t (d DATETIME, day DATE, big BIGINT, f DOUBLE, b BOOLEAN, t TEXT)",
        "INSERT INTO t VALUES ('0000-00-00', '2026-01-31', 9007199254740993, 0.5, TRUE, 'ñ')",
    )  # fmt: skip
    monkeypatch.setenv("SHOP_URL", url)
    row = staged(shop, "SELECT * FROM t").row(0)
    assert row == ("0000-00-00 00:00:00", "2026-01-31", 9007199254740993, 0.5, 1, "ñ")


def test_many_rows_are_written_batch_by_batch(shop: Shop):
    if shop.kind == "mysql":
        shop.run("USE shop", "INSERT INTO payments (id) SELECT seq FROM seq_10_to_60009")
    else:
        shop.run(
            "INSERT INTO payments (id) WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 "
            "FROM n WHERE i < 60009) SELECT i FROM n"
        )
    read = staged(shop, "SELECT id, customer FROM payments WHERE id >= 10 ORDER BY id")
    assert read["id"].to_list() == list(range(10, 60_010))
