"""What tables are declared with: moments in UTC, types of Python, allowed values."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from perdura.risk.schema.all_tables import TABLES
from perdura.risk.schema.declare import METADATA, Utc, column, one_of, python_type

ENGINE = sa.create_engine("sqlite://")
MOMENTS = sa.Table(
    "moments", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True), sa.Column("at", Utc)
)
ZONES = st.one_of(
    st.just(UTC),
    st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    st.sampled_from(["Europe/Madrid", "America/Sao_Paulo", "Pacific/Kiritimati"]).map(ZoneInfo),
)
# A day from either end: a moment beyond the first or last year has no form in UTC.
ANY_MOMENT = st.datetimes(
    datetime.fromisoformat("0001-01-02"),
    datetime.fromisoformat("9999-12-30"),
    timezones=ZONES,
    allow_imaginary=False,
)


@pytest.fixture(scope="module")
def connection() -> Any:
    with ENGINE.connect() as connection:
        MOMENTS.create(connection)
        yield connection
    ENGINE.dispose()


@given(moment=ANY_MOMENT)
def test_a_moment_comes_back_as_the_same_moment_in_utc(connection, moment):
    connection.execute(sa.delete(MOMENTS))
    connection.execute(sa.insert(MOMENTS).values(n=1, at=moment))
    found = connection.scalar(sa.select(MOMENTS.c.at))
    assert found == moment
    assert found.utcoffset() == timedelta(0)


@given(one=ANY_MOMENT, other=ANY_MOMENT)
def test_moments_are_compared_in_the_database_as_moments_whatever_their_zone(
    connection, one, other
):
    connection.execute(sa.delete(MOMENTS))
    connection.execute(sa.insert(MOMENTS).values(n=1, at=one))
    before = connection.scalar(sa.select(sa.func.count()).where(MOMENTS.c.at < other))
    assert before == int(one.astimezone(UTC) < other.astimezone(UTC))


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        (datetime(2026, 3, 29, 2, 30, tzinfo=UTC), "2026-03-29 02:30:00.000000"),
        (
            datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Madrid")),
            "2026-03-29 01:30:00.000000",
        ),
        (
            datetime(2024, 2, 29, 23, tzinfo=timezone(timedelta(hours=-2))),
            "2024-03-01 01:00:00.000000",
        ),
        (None, None),
    ],
)
def test_other_programs_read_utc_without_a_zone(connection, moment, kept):
    connection.execute(sa.delete(MOMENTS))
    connection.execute(sa.insert(MOMENTS).values(n=1, at=moment))
    assert connection.exec_driver_sql("SELECT at FROM moments").scalar() == kept


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (sa.JSON, list[Any]),
        (sa.Boolean, bool),
        (sa.Integer, int),
        (sa.BigInteger, int),
        (sa.Float, float),
        (sa.Date, date),
        (Utc, datetime),
        (sa.Text, str),
    ],
)
def test_a_column_has_the_type_that_its_values_have_in_python(kind, expected):
    for nullable in (True, False):
        assert python_type(column("x", kind, "A column", nullable=nullable)) == expected


def test_every_column_of_every_table_has_a_type_in_python_and_a_meaning():
    for table in TABLES:
        assert table.comment, table.name
        for one in table.columns:
            assert python_type(one) is not None
            assert one.comment, f"{table.name}.{one.name}"
            assert one.comment == one.comment.strip()


def test_only_columns_that_are_no_key_may_be_unknown():
    for table in TABLES:
        keys = [one.name for one in table.primary_key]
        assert keys, table.name
        assert not [name for name in keys if table.c[name].nullable]


@pytest.mark.parametrize("value", ["high", "medium", "low", None])
def test_an_allowed_value_and_null_are_taken(value):
    with banded() as (connection, table):
        connection.execute(sa.insert(table).values(n=1, band=value))
        assert connection.scalar(sa.select(table.c.band)) == value


@pytest.mark.parametrize("value", ["", "High", "high ", "'high'", "no band"])
def test_any_other_is_refused_under_the_name_of_the_column(value):
    with banded() as (connection, table), pytest.raises(IntegrityError, match="band_known"):
        connection.execute(sa.insert(table).values(n=1, band=value))


def test_comments_are_kept_by_each_database_where_it_can():
    table = METADATA.tables["nights"]
    kept = str(sa.schema.CreateTable(table).compile(dialect=sqlite.dialect()))
    assert "rows INTEGER NOT NULL /* Subscribers in it */" in kept
    theirs = str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect()))
    assert "/*" not in theirs


def test_texts_of_postgresql_are_in_the_order_of_their_bytes_as_in_sqlite():
    for table in TABLES:
        made = str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect()))
        texts = [one.name for one in table.columns if isinstance(one.type, sa.Text)]
        assert made.count(' TEXT COLLATE "C"') == len(texts), table.name
        assert "COLLATE" not in str(sa.schema.CreateTable(table).compile(dialect=sqlite.dialect()))


def test_tables_of_others_are_made_without_our_comments():
    table = sa.Table("theirs", sa.MetaData(), sa.Column("x", sa.Text, comment="Not ours"))
    made = str(sa.schema.CreateTable(table).compile(dialect=sqlite.dialect()))
    assert "/*" not in made


@contextmanager
def banded() -> Iterator[tuple[sa.Connection, sa.Table]]:
    """A table with a band, in memory."""
    columns = (sa.Column("n", sa.Integer, primary_key=True), sa.Column("band", sa.Text))
    rule = one_of("band", ("high", "medium", "low"))
    table = sa.Table("banded", sa.MetaData(), *columns, rule)
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        table.create(connection)
        yield connection, table
    engine.dispose()
