"""Out to other tools from PostgreSQL: what the other tests say of SQLite holds there, too."""

import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa

from perdura.http_calls import RequestPace
from perdura.risk.errors import NoNight
from perdura.risk.integrations import webhooks
from perdura.risk.integrations.csv_file import write_csv
from perdura.risk.integrations.deliveries import dead, replay
from perdura.risk.integrations.help_desks.caller import Caller
from perdura.risk.integrations.help_desks.pushing import dry_run, push
from perdura.risk.integrations.help_desks.zendesk import Zendesk
from perdura.risk.integrations.webhooks import Sent
from perdura.risk.schema.deliveries import DELIVERIES
from perdura.risk.schema.tables import RISK
from perdura.risk.store.connect import reading, writing
from tests.risk.integrations.test_mcp import here_at, structured, text
from tests.risk.integrations.test_push import FILLING, HIGH, users
from tests.risk.integrations.test_webhooks import SECRET, at, riser
from tests.support.help_desks import FakeZendesk
from tests.support.out_rows import now_stands, person, put_night, serving


def send(url: str, target: str, **settings: Any) -> Sent:
    settings.setdefault("attempts", 1)
    return webhooks.send(url, (target,), SECRET, **settings)


def test_moves_are_told_once_given_up_and_replayed(postgres_url):
    with serving(lambda _call: (500, {}, {})) as server:
        put_night(postgres_url, riser("ann"), riser("bob", held_out=True), riser("cid"))
        now_stands(postgres_url, "cid", "leaving")
        assert send(postgres_url, server.url).dead == 1
        with reading(postgres_url) as connection:
            (given_up,) = dead(connection)
        assert (given_up["subscriber_id"], given_up["last_status"]) == ("ann", "500")
        server.answer = lambda _call: (200, {}, {})
        with writing(postgres_url) as connection:
            assert replay(connection, None, datetime.now(UTC)) == 1
        sent = send(postgres_url, server.url)
        assert (sent.queued, sent.delivered, sent.next_at) == (0, 1, None)


def test_two_senders_at_once_tell_everybody_once(postgres_url):
    with serving(lambda _call: (sleep(0.02), (200, {}, {}))[1]) as server:
        put_night(postgres_url, *(riser(f"s{number}") for number in range(40)))
        found: list[Sent] = []
        both = [
            threading.Thread(target=lambda: found.append(send(postgres_url, server.url)))
            for _ in "ab"
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert len({call.headers["webhook-id"] for call in server.calls}) == len(server.calls) == 40
    assert sum(sent.queued for sent in found) == sum(sent.delivered for sent in found) == 40


def test_what_was_accepted_is_forgotten_after_a_month(postgres_url):
    with serving(lambda _call: (200, {}, {})) as server:
        put_night(postgres_url, riser("ann"))
        send(postgres_url, server.url)
        send(postgres_url, server.url, clock=at(datetime.now(UTC) + timedelta(days=31)))
    with reading(postgres_url) as connection:
        assert connection.execute(sa.select(DELIVERIES)).all() == []


def test_only_changes_travel(postgres_url, tmp_path: Path):
    fake, file = FakeZendesk(users("ann", "bob")), tmp_path / "push-zendesk-test.jsonl"
    put_night(postgres_url, person("ann"), person("bob"))
    with serving(fake) as server, Caller(server.url, {}, RequestPace(1e6)) as caller:
        assert push(postgres_url, FILLING, Zendesk(caller), file).updated == 2
        assert fake.known["ann"] == HIGH
        with writing(postgres_url) as connection:
            connection.execute(sa.delete(RISK).where(RISK.c.subscriber_id == "bob"))
        assert dry_run(postgres_url, FILLING, file).cleared == 1
        assert push(postgres_url, FILLING, Zendesk(caller), file).updated == 1
    assert set(fake.known["bob"].values()) == {None}


def test_the_night_as_csv(postgres_url):
    put_night(postgres_url, person("ann", held_out=True), person("=bob", 0.9))
    out = io.StringIO(newline="")
    assert write_csv(postgres_url, out) == 2
    first = out.getvalue().splitlines()[1]
    assert "'=bob" in first
    assert "2 payments failed in the last 30 days; Waited 41 hours" in first


def test_an_assistant_is_answered(postgres_url):
    put_night(postgres_url, person("ann"), person("bob", 0.9, held_out=True))
    told = structured(here_at(postgres_url, "who_should_i_call"))
    assert [one["subscriber_id"] for one in told["people"]] == ["ann"]
    assert structured(here_at(postgres_url, "why", subscriber_id="bob"))["person"]["held_out"]
    assert here_at(postgres_url, "why", subscriber_id="a\0b").is_error
    assert structured(here_at(postgres_url, "who_moved"))["people"] == []


def test_where_nothing_was_published_it_is_said(postgres_url):
    for tool in ("freshness", "who_should_i_call", "who_moved"):
        assert "no night has been published" in text(here_at(postgres_url, tool))
    with pytest.raises(NoNight):
        send(postgres_url, "https://example.com/")
    with pytest.raises(NoNight):
        dry_run(postgres_url, FILLING, Path("nowhere"))
