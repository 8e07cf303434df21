"""What a store lacks is made, and nothing that is there is changed."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from perdura.risk.schema.all_tables import TABLES, WHOLE, add_columns, columns_of, complete
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.declare import METADATA
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.connect import init, reading, writing
from tests.support.bare_rows import NIGHT, bare_night, bare_row


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_a_table_that_is_not_there_has_no_columns(connection):
    for table in TABLES:
        assert columns_of(connection, table) == set()


def test_a_table_that_is_there_has_the_columns_that_it_was_made_with(connection):
    connection.exec_driver_sql("CREATE TABLE nights (scored_on DATE, something TEXT)")
    assert columns_of(connection, NIGHTS) == {"scored_on", "something"}


def test_a_store_that_is_known_to_be_whole_is_not_asked(connection):
    connection.info[WHOLE] = True
    assert columns_of(connection, NIGHTS) == set(NIGHTS.c.keys())
    other = sa.table("of_another", sa.column("x"))
    assert columns_of(connection, other) == set()  # which is none of ours: it is


def test_postgresql_says_the_columns_too_and_none_that_was_dropped(postgres_url):
    init(postgres_url)
    with reading(postgres_url) as connection:
        connection.info.pop(WHOLE, None)
        for table in TABLES:
            assert columns_of(connection, table) == set(table.c.keys())
        assert columns_of(connection, sa.table("of_another")) == set()
    with writing(postgres_url) as connection:
        connection.exec_driver_sql("ALTER TABLE contacts DROP COLUMN note")
        connection.info.pop(WHOLE, None)
        assert columns_of(connection, CONTACTS) == set(CONTACTS.c.keys()) - {"note"}


def test_every_table_that_is_declared_is_made(connection):
    complete(connection)
    assert set(sa.inspect(connection).get_table_names()) == set(METADATA.tables)
    for table in TABLES:
        assert columns_of(connection, table) == set(table.c.keys())


def test_made_again_it_changes_nothing(connection):
    complete(connection)
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    before = connection.exec_driver_sql(schema).all()
    complete(connection)
    add_columns(connection)
    assert connection.exec_driver_sql(schema).all() == before


#: What ``risk`` and ``nights`` had in the first version, in few.
OLD_RISK = (
    "scored_on DATE NOT NULL, subscriber_id TEXT NOT NULL, rank INTEGER NOT NULL, state TEXT, "
    "risk FLOAT, risk_voluntary FLOAT, risk_payment FLOAT, band TEXT, reasons JSON, action TEXT, "
    "action_text TEXT, model_version TEXT, valid_until DATETIME, degraded JSON, "
    "PRIMARY KEY (scored_on, subscriber_id)"
)


def older(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"CREATE TABLE risk ({OLD_RISK})")
    connection.execute(sa.insert(RISK).values(bare_row("ann", risk=0.3)))


def test_columns_that_are_missing_are_added_as_null_and_rows_stay(connection):
    older(connection)
    complete(connection)
    row = connection.execute(sa.select(RISK)).mappings().one()
    assert {name for name, value in row.items() if value is not None} == set(bare_row("ann"))
    assert (row["subscriber_id"], row["risk"], row["scored_on"]) == ("ann", 0.3, NIGHT)
    assert columns_of(connection, RISK) == set(RISK.c.keys())


def test_columns_alone_are_added_to_tables_that_are_there_alone(connection):
    older(connection)
    add_columns(connection)
    assert columns_of(connection, RISK) == set(RISK.c.keys())
    assert sa.inspect(connection).get_table_names() == ["risk"]


@pytest.mark.parametrize("index", sorted(str(index.name) for index in RISK.indexes))
def test_an_index_that_is_missing_is_made_again(connection, index):
    complete(connection)
    connection.exec_driver_sql(f"DROP INDEX {index}")
    complete(connection)
    assert index in {found["name"] for found in sa.inspect(connection).get_indexes("risk")}


def test_a_table_with_columns_of_others_keeps_them(connection):
    complete(connection)
    connection.exec_driver_sql("ALTER TABLE contacts ADD COLUMN theirs TEXT DEFAULT 'x'")
    complete(connection)
    assert columns_of(connection, CONTACTS) == {*CONTACTS.c.keys(), "theirs"}
    connection.execute(sa.insert(NIGHTS).values(bare_night()))
    assert connection.scalar(sa.select(NIGHTS.c.rows)) == 1


def test_no_column_that_came_later_has_to_be_known(connection):
    older(connection)
    lacking = set(RISK.c.keys()) - columns_of(connection, RISK)
    assert lacking
    assert [name for name in lacking if not RISK.c[name].nullable] == []
