"""Tables change once their locks are free, and no session waits long for one that is not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

from perdura.risk.migrations.short_locks import change

ADD = "ALTER TABLE things ADD COLUMN more TEXT"


@pytest.fixture(scope="module")
def engine(postgres) -> Iterator[sa.Engine]:
    with postgres.database() as url:
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        yield engine
        engine.dispose()


@pytest.fixture
def things(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS things")
        connection.exec_driver_sql("CREATE TABLE things (name TEXT)")
    return engine


@contextmanager
def read_by_another(engine: sa.Engine, seconds: float) -> Iterator[None]:
    """Another session reads the table, in a transaction that ends after some time."""
    begun = threading.Event()

    def read() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT * FROM things")
            begun.set()
            connection.exec_driver_sql(f"SELECT pg_sleep({seconds})")

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(10)
    yield
    reader.join()


def adding(tries: list[float]) -> Callable[[sa.Connection], None]:
    def add(connection: sa.Connection) -> None:
        tries.append(monotonic())
        connection.exec_driver_sql(ADD)

    return add


def columns(engine: sa.Engine) -> list[str]:
    return [column["name"] for column in sa.inspect(engine).get_columns("things")]


def test_in_sqlite_the_work_is_done_at_once_and_once():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE things (name TEXT)")
        tries: list[float] = []
        change(connection, adding(tries), patience=0)
        assert len(tries) == 1
        assert connection.exec_driver_sql("SELECT more FROM things").all() == []
    engine.dispose()


def test_in_sqlite_an_error_is_the_callers():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(OperationalError, match="no such table"):
        change(connection, adding([]))
    engine.dispose()


def test_where_no_session_reads_the_work_is_done_once(things):
    tries: list[float] = []
    with things.begin() as connection:
        change(connection, adding(tries))
    assert len(tries) == 1
    assert columns(things) == ["name", "more"]


def test_a_lock_that_another_holds_is_given_up_and_asked_for_again(things):
    tries: list[float] = []
    with read_by_another(things, 1.2), things.begin() as connection:
        change(connection, adding(tries))
    assert len(tries) >= 2
    assert columns(things) == ["name", "more"]


def test_without_patience_the_work_is_not_done_and_says_why(things):
    with (
        read_by_another(things, 1.5),
        things.begin() as connection,
        pytest.raises(OperationalError, match="lock timeout"),
    ):
        change(connection, adding([]), patience=0)
    assert columns(things) == ["name"]


@pytest.mark.parametrize("before", ["0", "7s"])
def test_how_long_others_wait_for_locks_is_afterwards_as_before(things, before):
    with things.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")
        change(connection, adding([]))
        assert connection.scalar(sa.text("SELECT current_setting('lock_timeout')")) == before


def test_any_other_error_is_not_tried_again(things):
    tries: list[int] = []

    def wrong(connection: sa.Connection) -> None:
        tries.append(1)
        connection.exec_driver_sql("ALTER TABLE there_is_none ADD COLUMN more TEXT")

    with things.begin() as connection, pytest.raises(ProgrammingError, match="does not exist"):
        change(connection, wrong)
    assert tries == [1]


def test_what_was_done_before_in_the_transaction_stays_when_a_lock_is_given_up(things):
    with read_by_another(things, 0.9), things.begin() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE before (x INTEGER)")
        connection.exec_driver_sql("INSERT INTO before VALUES (7)")
        change(connection, adding([]))
        assert connection.exec_driver_sql("SELECT x FROM before").scalar() == 7
