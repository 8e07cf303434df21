"""Roles in PostgreSQL: one reads what is told of people, one writes; neither has a password."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from perdura.risk.schema.all_tables import TABLES
from perdura.risk.schema.roles import READABLE, READER, WRITER
from perdura.risk.schema.tables import RISK
from perdura.risk.store import connect as store
from perdura.risk.store import postgres
from perdura.risk.table import history, read, riskiest
from tests.risk.test_table import MARCH_1, MARCH_2, TWO, put


@pytest.fixture
def url(postgres_url: str) -> str:
    put(TWO, postgres_url, MARCH_1)
    store.init(postgres_url, with_roles=True)
    return postgres_url


def as_role(url: str, name: str) -> str:
    return sa.make_url(url).set(username=name).render_as_string(hide_password=False)


def test_the_reader_reads_nights_and_views_and_can_change_nothing(url: str) -> None:
    mine = as_role(url, READER)
    assert [row["subscriber_id"] for row in riskiest(mine, 2)] == ["bob", "ann"]
    assert len(history(mine, "ann")) == 1
    with postgres.as_oneself(mine) as connection:
        assert len(connection.exec_driver_sql("SELECT * FROM risk_current").all()) == 2
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(sa.delete(RISK))
    postgres.close(mine)


def test_what_is_not_named_the_reader_does_not_see(url: str) -> None:
    hidden = {table.name for table in TABLES} - {table.name for table in READABLE}
    mine = as_role(url, READER)
    with store.writing(url) as connection:
        connection.exec_driver_sql("CREATE TABLE secrets (it TEXT)")
    for name in (*hidden, "secrets"):
        refused = pytest.raises(DBAPIError, match="permission denied")
        with postgres.as_oneself(mine) as connection, refused:
            connection.exec_driver_sql(f"TABLE {name}")
    postgres.close(mine)


def test_the_writer_publishes_and_so_does_the_superuser_in_its_place(url: str) -> None:
    mine = as_role(url, WRITER)
    put(TWO, mine, MARCH_2)
    put(TWO, url, MARCH_2.replace(month=4))  # makes a month, which must be the writer's too
    put(TWO, mine, MARCH_2.replace(month=5), keep_months=1)
    assert len(read(as_role(url, READER))) == 2
    with store.reading(url) as connection:
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert connection.exec_driver_sql(owners).scalars().all() == [WRITER]
    postgres.close(mine)
    postgres.close(as_role(url, READER))


def test_made_again_they_stay_as_they_are(url: str) -> None:
    store.init(url, with_roles=True)
    with store.reading(url) as connection:
        roles = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'perdura') ORDER BY 1"
        assert connection.exec_driver_sql(roles).scalars().all() == [READER, WRITER]
        passwords = "SELECT count(rolpassword) FROM pg_authid WHERE starts_with(rolname, 'perdura')"
        assert connection.exec_driver_sql(passwords).scalar_one() == 0


def test_who_may_make_no_roles_is_told_so(url: str) -> None:
    mine = as_role(url, WRITER)
    with pytest.raises(store.NoRoles, match="CREATEROLE"):
        store.init(mine, with_roles=True)
    postgres.close(mine)


def test_a_file_has_no_roles(tmp_path) -> None:
    with pytest.raises(store.NoRoles, match="is a file"):
        store.init(f"sqlite:///{tmp_path}/risk.db", with_roles=True)
    assert not list(tmp_path.iterdir())
