"""A store comes out of its migrations as the code describes it, and a newer one is refused."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from perdura.risk.migrations import NEWEST, VERSIONS, NewerStore
from perdura.risk.schema.all_tables import TABLES
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.declare import METADATA
from perdura.risk.schema.tables import RISK
from perdura.risk.schema.views import VIEWS
from perdura.risk.store import connect as store
from perdura.risk.table import publish, read, riskiest
from tests.risk.test_table import MARCH_1, MARCH_2, TWO, content, older, put, score, scores

__all__ = ["older"]


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/risk.db"


def differences(url: str) -> list[Any]:
    """What Alembic would change to make the tables those of the code; months are none of its."""

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or not str(name).startswith("risk_")

    with store.reading(url) as connection:
        options = {"include_name": ours, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, METADATA)


def test_a_new_store_is_what_the_code_describes(store_url: str) -> None:
    store.init(store_url)
    assert differences(store_url) == []
    put(TWO, store_url)
    assert differences(store_url) == []


def test_all_tables_of_the_code_are_made(store_url: str) -> None:
    assert set(METADATA.sorted_tables) == set(TABLES)
    store.init(store_url)
    with store.reading(store_url) as connection:
        found = sa.inspect(connection)
        assert set(found.get_table_names()) == {table.name for table in TABLES} | {
            "alembic_version"
        }
        assert set(found.get_view_names()) == set(VIEWS)


def test_rules_and_comments_are_in_the_database(postgres_url: str) -> None:
    put(TWO, postgres_url)
    with store.reading(postgres_url) as connection:
        found = sa.inspect(connection)
        for table in (*TABLES, RISK.to_metadata(sa.MetaData(), name="risk_2026_03")):
            told = {c["name"]: c.get("comment") for c in found.get_columns(table.name)}
            assert told == {c.name: c.comment for c in table.columns}
            rules = {rule["name"] for rule in found.get_check_constraints(table.name)}
            assert rules == {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}


def test_the_code_knows_all_versions_that_there_are() -> None:
    config = Config()
    config.set_main_option("script_location", "perdura.risk:migrations")
    config.set_main_option("path_separator", "os")
    there = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([step.revision for step in there])) == VERSIONS


def test_a_file_made_before_there_were_versions_loses_nothing(older: str) -> None:
    before = read(older)
    put(TWO, older, MARCH_2)
    assert read(older, scored_on=MARCH_1).equals(before)
    assert differences(older) == []


def test_a_migration_that_fails_leaves_the_file_as_it_was(older: str) -> None:
    before = content(older)
    with pytest.raises(OSError, match="stopped"), store.writing(older):
        raise OSError("stopped")
    assert content(older) == before


def test_what_a_store_lacks_is_made(store_url: str) -> None:
    put(TWO, store_url)
    with store.writing(store_url) as connection:
        connection.exec_driver_sql("DROP TABLE contacts")
        for index in ("riskiest", "dearest", "by_account"):
            connection.exec_driver_sql(f"DROP INDEX {index}")
        for view in VIEWS:
            connection.exec_driver_sql(f"DROP VIEW {view}")
        connection.exec_driver_sql("ALTER TABLE risk DROP COLUMN country")
        connection.exec_driver_sql("DROP TABLE alembic_version")
    store.init(store_url)
    assert differences(store_url) == []
    assert [row["country"] for row in riskiest(store_url, 2)] == [None, None]
    with store.reading(store_url) as connection:
        assert connection.execute(sa.select(CONTACTS)).all() == []


def test_a_store_of_the_first_version_gets_places_of_calls(store_url: str) -> None:
    put(scores(score("ann", 0.1, mrr=9000), score("bob", 0.4)), store_url)
    with store.writing(store_url) as connection:
        for told in (
            *(f"DROP VIEW {view}" for view in VIEWS),
            "DROP INDEX dearest",
            "ALTER TABLE risk DROP COLUMN call_rank",
            "CREATE INDEX dearest_by_currency ON risk (scored_on, currency)",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.exec_driver_sql(told)
    store.init(store_url)
    assert differences(store_url) == []
    assert [row["call_rank"] for row in riskiest(store_url, 2)] == [1, 2]


def test_a_newer_store_is_refused_and_stays_as_it_is(store_url: str) -> None:
    put(TWO, store_url)
    with store.writing(store_url) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    told = f"version 9999, written by a newer Perdura; this one knows versions up to {NEWEST}"
    with pytest.raises(NewerStore, match=told):
        publish(TWO, store_url, scored_on=MARCH_2, model_version="7")
    fresh = store_url if store_url.startswith("sqlite") else store_url + "&application_name=x"
    with pytest.raises(NewerStore, match="upgrade it"):
        read(fresh)
    store.close(fresh)


def test_processes_that_make_a_store_at_once_do_not_disturb_each_other(store_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.init(store_url), range(4)))
    assert differences(store_url) == []


def test_a_file_has_its_version_where_sql_shows_it(file_url: str) -> None:
    store.init(file_url)
    with sqlite3.connect(file_url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(NEWEST,)]
    connection.close()
