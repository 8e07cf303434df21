"""The risk table through a PgBouncer in transaction mode: every transaction meets another session.

Version 1.18, as in Debian 12, knows no prepared statements in this mode; nothing that one
transaction sets may be there in the next, which may be somebody else's.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pytest

from perdura.risk.records.erase import ErasedAccount, erase, rows_about, scrub
from perdura.risk.store import connect as store
from perdura.risk.store import postgres
from perdura.risk.table import history, publish, read
from perdura.sources.landing.spellings import standing_alone
from tests.debian.pgbouncer import between
from tests.risk.test_table import score, scores
from tests.support.api_served import asking

NIGHTS = [date(2026, 1, 20) + timedelta(days=back) for back in range(14)]
PEOPLE = [score(f"s{number:02}", 0.3, mrr=1000 + number) for number in range(40)]


@pytest.fixture
def bounced(postgres_url: str) -> Iterator[str]:
    with between(postgres_url) as url:
        sessions(url)  # opens all of them: from now on each transaction meets the next
        yield url
        postgres.close(url)


def sessions(url: str) -> list[tuple[str, str]]:
    """Role and statement timeout of the sessions behind the bouncer, as others would meet them."""
    found = []
    connections = [psycopg.connect(url) for _ in range(4)]
    for connection in connections:  # held, so that each is another session
        row = connection.execute("SELECT current_user, current_setting('statement_timeout')")
        found.append(row.fetchone())
    for connection in connections:
        connection.close()
    return found


def test_nights_are_published_read_and_taken_off_one_after_the_other(bounced: str):
    for night in NIGHTS:
        publish(scores(*PEOPLE), bounced, scored_on=night, model_version="7", keep_months=1)
    assert len(read(bounced, scored_on=NIGHTS[-1])) == len(PEOPLE)
    assert len(history(bounced, "s00")) == len([night for night in NIGHTS if night.month == 2])
    assert sessions(bounced) == [("postgres", "0")] * 4


def test_every_request_of_the_api_is_answered(bounced: str):
    for night in NIGHTS[-2:]:
        publish(scores(*PEOPLE), bounced, scored_on=night, model_version="7")
    with asking(bounced, "read", "contact", per_second=10_000, burst=10_000) as api:

        def answers(number: int) -> list[int]:
            who = f"s{number % 40:02}"
            contact = {"contact_id": str(uuid4()), "subscriber_id": who, "action": "called"}
            return [
                api.get("/v1/current", params={"size": 5}).status_code,
                api.get(f"/v1/subscribers/{who}").status_code,
                api.post("/v1/contacts", json=contact).status_code,
                api.get("/v1/export", params={"format": "csv"}).status_code,
            ]

        with ThreadPoolExecutor(4) as threads:  # as many exports as are let in
            found = [code for some in threads.map(answers, range(40)) for code in some]
    assert found == [200] * len(found)


def test_somebody_is_erased(bounced: str):
    for night in NIGHTS[-2:]:
        publish(scores(*PEOPLE), bounced, scored_on=night, model_version="7")
    gone = [ErasedAccount("s07", "forgotten:c0ffee", ("s07",), standing_alone("s07"))]
    erase(bounced, gone)
    scrub(bounced)
    assert rows_about(bounced, gone) == {}


def test_roles_are_kept_to_their_transaction(bounced: str, postgres_url: str):
    """Somebody who may write as the owner does so, and leaves no session as the owner behind."""
    store.init(bounced, with_roles=True)
    for night in NIGHTS:
        publish(scores(*PEOPLE[:3]), bounced, scored_on=night, model_version="7")
    with psycopg.connect(postgres_url) as direct:
        owners = direct.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 'risk%'"
        ).fetchall()
    assert owners == [("perdura_write",)]
    assert {role for role, _ in sessions(bounced)} == {"postgres"}
