"""One person out of the database: no table names them, others are as they were, nights add up."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from perdura.risk.records.audit import AuditEntry, write
from perdura.risk.records.contacts import log_contact
from perdura.risk.records.erase import ErasedAccount, StillRead, erase, mentions, rows_about, scrub
from perdura.risk.schema.access import TOKENS
from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.deliveries import DELIVERIES
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.recent import EVENTS, STATES
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.connect import reading, writing
from perdura.risk.store.sqlite import database_file
from perdura.risk.table import history, publish, read
from perdura.sources.landing.spellings import is_telling, spellings, standing_alone
from tests.risk.test_table import MARCH_1, MARCH_2, score, scores

GONE = 'o\'brien "50%"'
LIKE = 'o\'brien "50%"-2'
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def account(name: str) -> ErasedAccount:
    spelt = spellings(name) if is_telling(name) else ()
    return ErasedAccount(name, "forgotten:c0ffee", spelt, standing_alone(name))


def fill(url: str, *, gone: str = GONE) -> None:
    """Two nights, and a row of everybody in every table that there is."""
    people = (gone, LIKE, "ann", "bob")
    rows = [score(who, 0.4 - n / 10, mrr=1000 + n) for n, who in enumerate(people)]
    for day in (MARCH_1, MARCH_2):
        publish(scores(*rows), url, scored_on=day, model_version="7")
    with writing(url) as connection:
        for number, who in enumerate(people):
            _about(connection, who, number, gone)


def _about(connection: sa.Connection, who: str, number: int, gone: str) -> None:
    key = f"00000000-0000-0000-0000-{number:012}"
    note = f"as agreed with {gone}, not {LIKE}" if who == "ann" else None
    told: dict[str, Any] = {"contact_id": key, "action": "called", "by": "desk", "note": note}
    log_contact(connection, subscriber_id=who, now=NOON, **told)
    audit: dict[str, Any] = {"token_id": "t", "token_name": "desk", "what": "list"}
    listed = {"after": gone, "band": "high"}
    write(
        connection,
        [
            AuditEntry(**audit, subscriber_id=who, audit_id=key),
            AuditEntry(**audit, detail=listed, audit_id=f"1{key[1:]}"),
        ],
    )
    state = {"subscriber_id": who, "state": "leaving", "since": NOON, "as_of": NOON}
    connection.execute(sa.insert(STATES).values(state))
    event = {"subscriber_id": who, "happened_at": NOON, "number": 0, "known_at": NOON}
    connection.execute(sa.insert(EVENTS).values(source="tickets", kind="opened", **event))
    sent = {"delivery_id": key, "scored_on": MARCH_2, "subscriber_id": who, "target": "https://x"}
    connection.execute(sa.insert(DELIVERIES).values(attempts=0, **sent))


def rows(url: str, table: sa.Table) -> list[dict[str, Any]]:
    with reading(url) as connection:
        order = [*table.primary_key.columns]
        return [
            dict(row) for row in connection.execute(sa.select(table).order_by(*order)).mappings()
        ]


@pytest.fixture
def url(store_url: str) -> str:
    return store_url


TABLES = (NIGHTS, RISK, CONTACTS, AUDIT, STATES, EVENTS, DELIVERIES, PORTFOLIO, TOKENS)


def test_no_table_names_them_and_others_are_as_they_were(url: str):
    fill(url)
    gone = [account(GONE)]
    before = {table: rows(url, table) for table in TABLES}
    counts = rows_about(url, gone)
    assert counts == dict.fromkeys(("audit", "contacts", "deliveries", "events", "states"), 1) | {
        "risk": 2
    }
    assert erase(url, gone) == counts | {"audit": 8 // 2 + 1, "contacts": 2}
    assert mentions(url, gone) == rows_about(url, gone) == {}
    for table in (RISK, STATES, EVENTS, DELIVERIES):
        others = [row for row in before[table] if row["subscriber_id"] != GONE]
        assert rows(url, table) == others
    assert rows(url, TOKENS) == before[TOKENS]


def test_the_audit_stays_with_a_hash_in_the_place_of_the_name(url: str):
    fill(url)
    before = rows(url, AUDIT)
    erase(url, [account(GONE)])
    for was, now in zip(before, rows(url, AUDIT), strict=True):
        if was["subscriber_id"] == GONE:
            assert now == was | {"subscriber_id": "forgotten:c0ffee"}
        elif was["detail"]:
            assert now == was | {"detail": {"after": "forgotten:c0ffee", "band": "high"}}
        else:
            assert now == was


def test_a_note_about_somebody_else_loses_the_name_and_nothing_more(url: str):
    fill(url)
    erase(url, [account(GONE)])
    notes = [row["note"] for row in rows(url, CONTACTS) if row["note"]]
    assert notes == [f"as agreed with forgotten:c0ffee, not {LIKE}"]


def test_nights_count_who_is_left_and_are_published_again_when_scored_again(url: str):
    fill(url)
    before = rows(url, NIGHTS)
    erase(url, [account(GONE)])
    after = rows(url, NIGHTS)
    assert [night["rows"] for night in after] == [3, 3]
    assert all(
        old["fingerprint"] != new["fingerprint"] for old, new in zip(before, after, strict=True)
    )
    assert sum(entry["mrr"] for entry in rows(url, PORTFOLIO)) == 2 * (1001 + 1002 + 1003)
    assert read(url)["rank"].tolist() == [2, 3, 4]
    again = scores(*(score(who, 0.3 - n / 10) for n, who in enumerate((LIKE, "ann", "bob"))))
    publish(again, url, scored_on=MARCH_2, model_version="7")
    assert read(url)["rank"].tolist() == [1, 2, 3]


def test_done_again_nothing_changes(url: str):
    fill(url)
    erase(url, [account(GONE)])
    before = {table: rows(url, table) for table in TABLES}
    assert erase(url, [account(GONE)]) == {}
    assert {table: rows(url, table) for table in TABLES} == before


def test_a_short_name_is_looked_for_in_columns_of_ids_alone(url: str):
    fill(url, gone="high")
    erase(url, [account("high")])
    assert rows_about(url, [account("high")]) == {}
    assert "high" in {row["band"] for row in rows(url, RISK)}
    assert {"after": "high", "band": "high"} in [row["detail"] for row in rows(url, AUDIT)]


def test_tables_of_others_in_the_same_database_are_asked_too(url: str):
    fill(url)
    with writing(url) as connection:
        connection.exec_driver_sql("CREATE TABLE cases (number INT PRIMARY KEY, words TEXT)")
        words = sa.text("INSERT INTO cases VALUES (1, :words)")
        connection.execute(words, {"words": f"a case of {GONE}."})
    assert mentions(url, [account(GONE)])["cases"] == 1
    erase(url, [account(GONE)])
    assert mentions(url, [account(GONE)]) == {}


def test_where_nothing_was_published_there_is_nobody(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/none.db"
    assert erase(url, [account(GONE)]) == rows_about(url, [account(GONE)]) == {}
    scrub(url)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A night, and free pages with rows of an earlier one, as SQLite leaves them by default.

    Debian builds it so that it leaves none.
    """
    url = f"sqlite:///{tmp_path}/risk.db"
    many = [score(f"subscriber-{n:05}", n / 1000, mrr=n) for n in range(100, 150)]
    publish(scores(*many), url, scored_on=MARCH_1, model_version="2")
    with closing(sqlite3.connect(database_file(url), isolation_level=None)) as opened:
        opened.execute("PRAGMA secure_delete = OFF")
        opened.execute("CREATE TABLE earlier AS SELECT * FROM risk")
        opened.execute("DROP TABLE earlier")
    assert bytes_beside(database_file(url)).count(b"subscriber-00123") > 2
    return database_file(url)


def bytes_beside(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob("risk.db*")))


def test_no_page_of_the_file_and_no_log_holds_the_bytes(file: Path):
    gone = account("subscriber-00123")
    erase(f"sqlite:///{file}", [gone])
    scrub(f"sqlite:///{file}")
    left = bytes_beside(file)
    assert b"subscriber-00123" not in left
    assert b"subscriber-00124" in left
    assert len(read(f"sqlite:///{file}")) == 49


def test_a_reader_of_the_state_before_is_named_as_what_keeps_it(file: Path):
    url, gone = f"sqlite:///{file}", [account("subscriber-00123")]
    with reading(url) as connection:
        connection.execute(sa.select(RISK.c.rank)).first()
        erase(url, gone)
        with pytest.raises(StillRead, match="run the same command again"):
            scrub(url, patience=0.3)
        assert len(history(url, "subscriber-00123")) == 0
    scrub(url)
    assert b"subscriber-00123" not in bytes_beside(file)


def test_postgresql_keeps_no_dead_row(postgres: Any):
    with postgres.database() as url:
        fill(url)
        erase(url, [account(GONE)])
        scrub(url)
        assert postgres.dead_rows(url) == 0
