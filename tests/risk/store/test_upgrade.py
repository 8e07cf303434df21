"""While PostgreSQL is brought up to this version's, readers go on reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from perdura.risk.migrations import NEWEST, version_of
from perdura.risk.schema.tables import RISK
from perdura.risk.schema.views import VIEWS
from perdura.risk.store import connect as store
from perdura.risk.table import riskiest
from tests.risk.store.test_migrations import differences
from tests.risk.test_table import MARCH_1, TWO, put

OLD_VIEW = "CREATE VIEW risk_current AS SELECT subscriber_id, risk FROM risk"


@pytest.fixture
def old(postgres_url: str) -> str:
    """A store as an older version left it: without a column, two indexes and a table of today's."""
    put(TWO, postgres_url, MARCH_1)
    with store.writing(postgres_url) as connection:
        for told in (
            *(f"DROP VIEW {view}" for view in VIEWS),
            "ALTER TABLE risk DROP COLUMN unknown_values",
            "DROP INDEX dearest",
            "DROP INDEX moved",
            "DROP TABLE not_scored",
            "CREATE INDEX riskiest_by_rank ON risk (scored_on, rank)",
            OLD_VIEW,
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.exec_driver_sql(told)
    return postgres_url


def a_reader_reads(url: str) -> int:
    """How many rows somebody reads who waits a second at most."""
    with psycopg.connect(url) as reader:
        reader.execute("SET statement_timeout = '1s'")
        (count,) = reader.execute("SELECT count(*) FROM risk_current").fetchone() or (0,)
        return count


@contextmanager
def read_while_made(url: str, name: str) -> Iterator[list[int]]:
    """What a reader reads just after an index has been made, before that is committed."""
    (index,) = (each for each in RISK.indexes if each.name == name)
    found: list[int] = []

    def read(*_: Any, **__: Any) -> None:
        found.append(a_reader_reads(url))

    event.listen(index, "after_create", read)
    try:
        yield found
    finally:
        event.remove(index, "after_create", read)


def test_readers_read_while_indexes_are_made(old: str):
    with read_while_made(old, "dearest") as found:
        store.init(old)
    assert found == [2]
    assert differences(old) == []
    with store.reading(old) as connection:
        assert version_of(connection) == NEWEST
    assert [row["unknown_values"] for row in riskiest(old, 2)] == [None, None]


def test_a_reader_that_stays_lets_others_in_and_is_waited_for(old: str):
    from threading import Thread

    with psycopg.connect(old) as stays:
        stays.execute("SELECT count(*) FROM risk_current")
        upgrade = Thread(target=store.init, args=(old,))
        upgrade.start()
        upgrade.join(timeout=2.5)
        assert upgrade.is_alive()
        with psycopg.connect(old) as comes:
            comes.execute("SET statement_timeout = '4s'")
            assert comes.execute("SELECT count(*) FROM risk_current").fetchone() == (2,)
    upgrade.join(timeout=60)
    assert differences(old) == []
