"""Contacts are written while somebody is erased from many nights, and a kill loses nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from perdura.flows.cli.render.erasure import say_put_off
from perdura.risk.query.portfolio import portfolio_of, sums_of
from perdura.risk.records import erased_rows, rewriting
from perdura.risk.records.erase import erase, mentions, rows_about, scrub
from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store import connect as store
from perdura.risk.store.connect import reading, writing
from perdura.risk.store.sqlite import database_file
from perdura.risk.table import publish
from tests.risk.records.test_erase import GONE, account, bytes_beside, fill, rows
from tests.risk.test_table import MARCH_1, MARCH_2
from tests.support.risk_publisher import night

MANY = 20
DAYS = [MARCH_1 + timedelta(days=at) for at in range(MANY)]
WHO = [account("4242")]

WRITER = """
import sys
from datetime import UTC, datetime
from time import monotonic, sleep
from uuid import uuid4
from perdura.risk.records.contacts import log_contact
from perdura.risk.store.connect import writing
print("ready", flush=True)
longest = count = 0
until = monotonic() + 120
while not sys.argv[2:] or monotonic() < until:
    begun = monotonic()
    with writing(sys.argv[1], durable=True) as connection:
        log_contact(connection, contact_id=str(uuid4()), subscriber_id="17", action="called",
                    by="desk", now=datetime.now(UTC))
    print(monotonic() - begun, flush=True)
    sleep(0.02)
"""


@pytest.fixture
def many_nights(store_url: str) -> str:
    """Twenty nights of 10,000: in SQLite more than is written anew at once."""
    people = night("7").head(10_000)
    for day in DAYS:
        publish(people, store_url, scored_on=day, model_version="7")
    return store_url


def test_a_writer_in_another_process_is_never_kept_waiting(many_nights: str):
    words = [sys.executable, "-c", WRITER, many_nights]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        writer.stdout.readline()
        assert erase(many_nights, WHO) == {"risk": MANY}
        scrub(many_nights)
        writer.send_signal(signal.SIGKILL)
        waits = [float(line) for line in writer.stdout.read().splitlines()]
    assert len(waits) > 8
    assert max(waits) < 1
    assert mentions(many_nights, WHO) == rows_about(many_nights, WHO) == {}
    with reading(many_nights) as connection:
        assert set(connection.scalars(sa.select(NIGHTS.c.rows))) == {9_999}
        assert len(connection.execute(sa.select(CONTACTS.c.contact_id)).all()) >= len(waits)


def test_killed_between_two_nights_it_ends_the_next_time_alike(many_nights: str):
    code = (
        "import os, signal, sys\nfrom perdura.risk.records import erased_rows\n"
        "from perdura.risk.records.erase import erase\n"
        "from tests.risk.records.test_erasure_meanwhile import WHO\n"
        "left, look = [7], erased_rows._look\n"
        "def one(*asked):\n"
        "    left[0] -= 1\n"
        "    left[0] or os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return look(*asked)\n"
        "erased_rows._look = one\nerase(sys.argv[1], WHO)"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    killed = subprocess.run([sys.executable, "-c", code, many_nights], env=env, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert rows_about(many_nights, WHO) == {"risk": MANY - 6}
    assert erase(many_nights, WHO) == {"risk": MANY - 6}
    with reading(many_nights) as connection:
        counts = dict(connection.execute(sa.select(NIGHTS.c.scored_on, NIGHTS.c.rows)).all())
        assert counts == dict.fromkeys(DAYS, 9_999)
        for entry in portfolio_of(connection, DAYS):
            sums = sums_of(connection, entry.scored_on, sa.true())
            assert entry.subscribers in {row["subscribers"] for row in sums}


def test_no_transaction_changes_two_nights(store_url: str, monkeypatch: pytest.MonkeyPatch):
    fill(store_url)
    seen: list[set[Any]] = []
    erasing = erased_rows._erasing

    def watched(url: str):
        @contextmanager
        def run():
            with erasing(url) as connection:
                there = set(connection.scalars(_theirs()))
                yield connection
                seen.append(there - set(connection.scalars(_theirs())))

        return run()

    monkeypatch.setattr(erased_rows, "_erasing", watched)
    erase(store_url, [account(GONE)])
    assert [nights for nights in seen if nights] == [{MARCH_2}, {MARCH_1}]


def _theirs() -> sa.Select[Any]:
    return sa.select(RISK.c.scored_on).where(RISK.c.subscriber_id == GONE)


def test_a_night_that_changed_since_it_was_read_is_read_again(store_url: str, monkeypatch):
    fill(store_url)
    look, changed = erased_rows._look, []

    def then_changed(url: str, scored_on: Any, accounts: Any) -> Any:
        seen = look(url, scored_on, accounts)
        if not changed:
            changed.append(scored_on)
            with writing(url) as connection:
                connection.execute(
                    sa.delete(RISK).where(
                        RISK.c.scored_on == scored_on, RISK.c.subscriber_id == "bob"
                    )
                )
                this = sa.update(NIGHTS).where(NIGHTS.c.scored_on == scored_on)
                connection.execute(this.values(rows=3, fingerprint="another"))
        return seen

    monkeypatch.setattr(erased_rows, "_look", then_changed)
    erase(store_url, [account(GONE)])
    assert [row["rows"] for row in rows(store_url, NIGHTS)] == [3, 2]
    subscribers = {row["scored_on"]: 0 for row in rows(store_url, PORTFOLIO)}
    for row in rows(store_url, PORTFOLIO):
        subscribers[row["scored_on"]] += row["subscribers"]
    assert subscribers == {MARCH_1: 3, MARCH_2: 2}


def test_a_row_that_changed_since_it_was_found_keeps_the_change(store_url: str, monkeypatch):
    fill(store_url)
    mask_row = erased_rows._mask_row

    def changed_before(connection: sa.Connection, table: sa.Table, *told: Any) -> None:
        if table.name == CONTACTS.name:
            connection.execute(sa.update(CONTACTS).values(reason="meanwhile"))
        mask_row(connection, table, *told)

    monkeypatch.setattr(erased_rows, "_mask_row", changed_before)
    erase(store_url, [account(GONE)])
    assert {row["reason"] for row in rows(store_url, CONTACTS)} == {"meanwhile"}
    assert mentions(store_url, [account(GONE)]) == {}


def test_many_entries_of_the_audit_are_masked_a_few_at_a_time(store_url: str, monkeypatch):
    fill(store_url)
    monkeypatch.setattr(erased_rows, "_ROWS_AT_A_TIME", 2)
    erase(store_url, [account(GONE)])
    assert len(rows(store_url, AUDIT)) == 8
    assert mentions(store_url, [account(GONE)]) == {}


class TestALargeFile:
    """It is written anew by the next night, and not while contacts are to be written."""

    @pytest.fixture
    def url(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        url = f"sqlite:///{tmp_path}/risk.db"
        fill(url, gone="subscriber-00123")
        with store.writing(url) as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = OFF")
            connection.exec_driver_sql("CREATE TABLE earlier AS SELECT * FROM risk")
            connection.exec_driver_sql("DROP TABLE earlier")
        monkeypatch.setattr(rewriting, "_LARGE", 0)
        erase(url, [account("subscriber-00123")])
        scrub(url)
        return url

    def test_it_is_due(self, url: str):
        assert rewriting.is_due(url)
        assert mentions(url, [account("subscriber-00123")]) == {}

    def test_the_command_says_so(self, url: str):
        console = Console(record=True, width=200, file=StringIO())
        say_put_off(url, console)
        assert "the next night (perdura score) writes" in console.export_text()
        rewriting.rewrite_if_due(url)
        say_put_off(url, console)
        assert console.export_text() == ""

    def test_the_next_night_does_it(self, url: str):
        file = database_file(url)
        publish(night("8").head(5), url, scored_on=DAYS[9], model_version="8")
        assert not rewriting.is_due(url)
        assert b"subscriber-00123" not in bytes_beside(file)

    def test_a_night_is_published_though_it_fails(self, url: str, monkeypatch, caplog):
        def full(_: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(rewriting, "_rewrite", full)
        publish(night("8").head(5), url, scored_on=DAYS[9], model_version="8")
        assert rewriting.is_due(url)
        assert "could not be written anew" in caplog.text
