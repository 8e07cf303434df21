"""The disk is full, PostgreSQL is restarted, many read: a night is there whole or not at all."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import adbc_driver_manager
import polars as pl
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import InternalError, OperationalError

from perdura.risk.publish.retention import forget_nights
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store import connect as store
from perdura.risk.store.connect import Unreachable
from perdura.risk.table import publish, read
from tests.risk.publish.test_killed import MARCH_1, MARCH_2, assert_sound, version_of
from tests.support.postgres import Server
from tests.support.risk_publisher import ROWS, night

MIB = 2**20


def put(version: str, url: str, progress: Callable[[int, int, str], None] | None = None) -> None:
    publish(
        night(version),
        url,
        scored_on=MARCH_2,
        model_version=version,
        progress=progress,
        rows_at_a_time=5_000,
    )


@pytest.fixture
def url(store_url: str) -> str:
    put("old", store_url)
    return store_url


# The disk is full.


@pytest.mark.parametrize("kib", [64, 500, 3_000])
def test_a_full_disk_under_sqlite_leaves_the_old_night(tmp_path: Path, kib: int) -> None:
    url = f"sqlite:///{tmp_path}/risk.db"
    put("old", url)
    told = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({kib} * 1024, {kib} * 1024))
from tests.risk.store.test_faults import put
put("new", {url!r})
"""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert any(words in done.stderr for words in ("File too large", "disk", "full", "I/O"))
    assert version_of(url, MARCH_2) == "old"
    put("new", url)
    assert version_of(url, MARCH_2) == "new"
    assert_sound(url)


@pytest.mark.parametrize("rows_at_a_time", [ROWS, 5_000])
def test_a_full_disk_under_postgres_leaves_the_old_night(
    postgres: Server, postgres_url: str, rows_at_a_time: int
) -> None:
    """There is no room to stage it in one piece, and in many none to insert the last.

    The write-ahead log's files are of 16 MiB, and there is room for them. That a file may not grow
    PostgreSQL reports as it reports a full disk, but for the code (XX000 instead of 53100).
    """
    put("old", postgres_url)
    long = night("new").with_columns(unknown_values=pl.lit("x" * 1_500))  # some 30 MiB
    told = {"scored_on": MARCH_2, "model_version": "new", "rows_at_a_time": rows_at_a_time}
    full = pytest.raises((InternalError, adbc_driver_manager.Error), match="could not extend")
    with postgres.no_file_larger_than(17 * MIB), full:
        publish(long, postgres_url, **told)
    assert version_of(postgres_url, MARCH_2) == "old"
    publish(long, postgres_url, **told)
    assert version_of(postgres_url, MARCH_2) == "new"
    assert_sound(postgres_url)


def test_a_disk_that_is_full_says_that_the_store_cannot_be_used(postgres_url: str) -> None:
    full = psycopg.errors.DiskFull("could not extend file: No space left on device")
    with pytest.raises(Unreachable, match="No space left"), store.writing(postgres_url):
        raise OperationalError("INSERT", {}, full)


# PostgreSQL is restarted.


@pytest.mark.parametrize("how", ["fast", "immediate"])
@pytest.mark.parametrize("step", ["staging 0", "inserting 10000", f"committing {ROWS}"])
def test_postgres_restarted_under_publishing(
    postgres: Server, postgres_url: str, how: str, step: str
) -> None:
    put("old", postgres_url)

    def restart(done: int, _total: int, what: str) -> None:
        if f"{what} {done}" == step:
            postgres.restart(how=how)

    with pytest.raises(Unreachable, match=r"test\d+.* cannot be used now"):
        put("new", postgres_url, restart)
    assert version_of(postgres_url, MARCH_2) == "old"
    put("new", postgres_url)
    assert version_of(postgres_url, MARCH_2) == "new"
    assert_sound(postgres_url)


def read_across(url: str, postgres: Server) -> None:
    with store.reading(url) as connection:
        postgres.restart(how="immediate")
        connection.execute(sa.select(NIGHTS))


def test_readers_come_back_after_a_restart_by_themselves(
    postgres: Server, postgres_url: str
) -> None:
    put("old", postgres_url)
    postgres.restart(how="fast")
    assert version_of(postgres_url, MARCH_2) == "old"
    with pytest.raises(Unreachable):
        read_across(postgres_url, postgres)
    assert version_of(postgres_url, MARCH_2) == "old"


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    url = "postgresql://ann:geheim@127.0.0.1:1/risk"
    with pytest.raises(Unreachable, match=r"ann:\*\*\*@127.0.0.1:1/risk cannot be used") as caught:
        read(url)
    assert "geheim" not in str(caught.value)
    store.close(url)


# Many read while a night is published.


def versions_seen(url: str) -> set[str]:
    """By one reader, in one transaction that asks twice."""
    query = sa.select(RISK.c.model_version, sa.func.count()).group_by(RISK.c.model_version)
    with store.reading(url) as connection:
        (first,) = connection.execute(query).all()
        told = connection.scalar(sa.select(NIGHTS.c.model_version))
        (second,) = connection.execute(query).all()
    assert first == second == (told, ROWS)
    return {first[0]}


def test_many_readers_see_one_night_or_the_other_and_never_wait_for_it(url: str) -> None:
    done, seen, errors = threading.Event(), set[str](), list[BaseException]()
    while_publishing = 0

    def look() -> None:
        nonlocal while_publishing
        while not done.is_set():
            try:
                seen.update(versions_seen(url))
                while_publishing += 1
            except BaseException as error:
                errors.append(error)
                return

    readers = [threading.Thread(target=look) for _ in range(4)]
    for reader in readers:
        reader.start()
    before = while_publishing

    def pause(count: int, _total: int, what: str) -> None:
        """Publishing waits until readers have read: so they do not wait for it."""
        nonlocal before
        if what in ("inserting", "committing"):
            before = while_publishing
            while while_publishing < before + 4 and not errors:
                threading.Event().wait(0.01)

    for version in ("new", "newer"):
        put(version, url, pause)
    assert versions_seen(url) == {"newer"}
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert {"old", "new"} <= seen


# Old nights go.


@pytest.fixture
def months(store_url: str) -> Iterator[str]:
    """Nights of November to March; the one of March is the newest."""
    for month in (date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 5)):
        publish(FEW, store_url, scored_on=month, model_version="7")
    yield store_url
    store.close(store_url)


FEW = night("few")[:20]


def days(url: str) -> list[str]:
    with store.reading(url) as connection:
        found = connection.scalars(sa.select(RISK.c.scored_on).distinct().order_by("scored_on"))
        told = connection.scalars(sa.select(NIGHTS.c.scored_on).order_by("scored_on"))
        kept = [str(day) for day in found]
        assert [str(day) for day in told] == kept
    return kept


def test_nights_of_so_many_months_stay(months: str) -> None:
    publish(FEW, months, scored_on=MARCH_1, model_version="7", keep_months=3)
    assert days(months) == ["2026-01-01", "2026-02-05", "2026-03-01"]
    publish(FEW, months, scored_on=MARCH_2, model_version="7", keep_months=1)
    assert days(months) == ["2026-03-01", "2026-03-02"]
    publish(FEW, months, scored_on=MARCH_2, model_version="8", keep_months=1)
    assert len(read(months)) == 20


def test_an_old_night_done_again_does_not_go_at_once_nor_does_the_newest(months: str) -> None:
    publish(FEW, months, scored_on=date(2025, 12, 1), model_version="7", keep_months=1)
    assert days(months) == ["2025-12-01", "2025-12-31", "2026-01-01", "2026-02-05"]
    publish(FEW, months, scored_on=date(2026, 2, 5), model_version="8", keep_months=1)
    assert days(months) == ["2026-02-05"]


def test_a_night_that_is_there_already_still_lets_old_ones_go(months: str) -> None:
    publish(FEW, months, scored_on=date(2026, 2, 5), model_version="7", keep_months=1)
    assert days(months) == ["2026-02-05"]


def test_a_month_that_somebody_reads_goes_later(months: str) -> None:
    january = date(2026, 1, 1)
    with store.reading(months) as reader:
        query = sa.select(sa.func.count()).select_from(RISK)
        assert reader.scalar(query) == 80
        with store.writing(months) as connection:
            forget_nights(connection, january)
        store.drop_months(months, january, patience=0.5)
        assert reader.scalar(query) == 80
    publish(FEW, months, scored_on=MARCH_2, model_version="7", keep_months=3)
    assert days(months) == ["2026-01-01", "2026-02-05", "2026-03-02"]
    if months.startswith("postgresql"):
        with store.reading(months) as connection:
            names = sa.inspect(connection).get_table_names()
            assert not {"risk_2025_11", "risk_2025_12"} & set(names)


def test_the_month_before_the_first_of_a_year_is_december(store_url: str) -> None:
    frame = pl.concat([FEW])
    publish(frame, store_url, scored_on=date(2025, 12, 31), model_version="7")
    publish(frame, store_url, scored_on=date(2026, 1, 1), model_version="7", keep_months=2)
    assert days(store_url) == ["2025-12-31", "2026-01-01"]
