"""Webhooks: who moved into the high band is told once to each target, signed, and tried again."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa

from perdura.flows.integrations.send_webhooks import notify_webhooks
from perdura.flows.settings import Settings
from perdura.risk.errors import NoNight
from perdura.risk.integrations import deliveries, webhooks
from perdura.risk.integrations.deliveries import dead, replay
from perdura.risk.integrations.signing import BadSecret, BadSignature, signed, verify
from perdura.risk.integrations.targets import BadTarget, safe
from perdura.risk.integrations.webhooks import Sent, wait_before
from perdura.risk.schema.deliveries import DELIVERIES
from perdura.risk.schema.tables import RISK
from perdura.risk.store.connect import reading, writing
from tests.support.out_rows import TODAY, Server, now_stands, perdura, person, put_night, serving

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
NOW = datetime.now(UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/risk.db"


@pytest.fixture
def receiver() -> Iterator[Server]:
    with serving(lambda _call: (200, {}, {})) as server:
        yield server


def riser(who: str, **others: Any) -> dict[str, Any]:
    """Somebody who was in the medium band the night before."""
    return person(who, band_before="medium", risk_before=0.2, moved_by="a payment failed", **others)


def send(url: str, *targets: str, **settings: Any) -> Sent:
    settings.setdefault("attempts", 8)
    return webhooks.send(url, targets, SECRET, **settings)


def rows(url: str) -> list[dict[str, Any]]:
    with reading(url) as connection:
        found = connection.execute(sa.select(DELIVERIES).order_by("subscriber_id", "target"))
        return [dict(row) for row in found.mappings()]


def at(moment: datetime) -> Any:
    return lambda: moment


# Who is told, and of whom.


def test_each_target_is_told_once_of_each_move_into_the_high_band(url, receiver):
    put_night(
        url,
        riser("ann"),
        riser("bob"),
        person("cid", 0.6, band_before="high"),  # was there already
        person("eve", 0.2, band_before="high"),  # fell
    )
    first, second = f"{receiver.url}/a", f"{receiver.url}/b"
    sent = send(url, first, second)
    assert (sent.queued, sent.delivered, sent.failed, sent.next_at) == (4, 4, 0, None)
    told = sorted((call.path, call.json["data"]["subscriber_id"]) for call in receiver.calls)
    assert told == [("/a", "ann"), ("/a", "bob"), ("/b", "ann"), ("/b", "bob")]


def test_who_is_in_it_and_was_not_scored_the_night_before_is_told_of_too(url, receiver):
    put_night(url, riser("ann"), person("dan", 0.6), person("fay", 0.1))
    assert send(url, receiver.url).delivered == 2
    before = {
        call.json["data"]["subscriber_id"]: call.json["data"]["band_before"]
        for call in receiver.calls
    }
    assert before == {"ann": "medium", "dan": None}


def test_of_a_night_without_one_before_nobody_is_told(url, receiver):
    put_night(url, person("ann", 0.6), person("dan", 0.6))
    assert send(url, receiver.url).queued == 0


def test_a_night_that_is_published_again_tells_nobody_twice(url, receiver):
    put_night(url, riser("ann"))
    assert send(url, receiver.url).delivered == 1
    put_night(url, riser("ann", plan="pro"), riser("bob"))
    sent = send(url, receiver.url)
    assert (sent.queued, sent.delivered) == (1, 1)
    assert [call.json["data"]["subscriber_id"] for call in receiver.calls] == ["ann", "bob"]


def test_nobody_is_told_of_those_who_left_or_are_left_alone(url, receiver):
    put_night(url, riser("ann"), riser("bob", held_out=True), riser("cid", held_out=False))
    now_stands(url, "ann", "leaving")
    assert send(url, receiver.url).delivered == 1
    assert [call.json["data"]["subscriber_id"] for call in receiver.calls] == ["cid"]


def test_nobody_is_told_of_a_night_that_is_long_past(url, receiver):
    put_night(url, riser("ann"), on=TODAY - timedelta(days=30))
    assert send(url, receiver.url).queued == 0


def test_who_cancelled_or_was_erased_before_it_was_sent_is_not_told_of(url, receiver):
    put_night(url, riser("ann"), riser("bob"), riser("cid"))
    with writing(url) as connection:
        assert deliveries.queue_moves(connection, [receiver.url], NOW) == 3
        connection.execute(sa.delete(RISK).where(RISK.c.subscriber_id == "bob"))
    now_stands(url, "ann", "gone")
    sent = send(url, receiver.url)
    assert (sent.delivered, sent.dropped) == (1, 2)
    assert [row["subscriber_id"] for row in rows(url)] == ["cid"]


def test_what_is_told_is_the_row_with_reasons_and_what_to_do(url, receiver):
    put_night(url, riser("añn", plan="pro", country="ES"))
    send(url, receiver.url)
    told = receiver.calls[0].json
    assert told["type"] == "risk.moved_into_high"
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None
    data = told["data"]
    assert (data["subscriber_id"], data["scored_on"]) == ("añn", TODAY.isoformat())
    assert (data["band_before"], data["band"], data["moved_by"]) == (
        "medium", "high", "a payment failed",
    )  # fmt: skip
    assert data["reasons"][0]["text"] == "2 payments failed in the last 30 days"
    assert (data["action_text"], data["expected_loss"], data["state"]) == (
        "Ask for another card", 500, "active",
    )  # fmt: skip


def test_targets_that_are_no_longer_set_are_told_nothing(url, receiver):
    put_night(url, riser("ann"))
    with writing(url) as connection:
        deliveries.queue_moves(connection, [f"{receiver.url}/old"], NOW)
    send(url, f"{receiver.url}/new")
    assert [call.path for call in receiver.calls] == ["/new"]


# Signatures.


def test_the_signature_is_what_standard_webhooks_says(url, receiver):
    put_night(url, riser("ann"))
    send(url, receiver.url)
    (call,) = receiver.calls
    told = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    by_hand = base64.b64encode(hmac.new(b"k" * 32, told, hashlib.sha256).digest()).decode()
    assert call.headers["webhook-signature"] == f"v1,{by_hand}"
    assert call.headers["webhook-id"] == rows(url)[0]["delivery_id"]
    verify(call.headers, call.body, SECRET)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": str(int(NOW.timestamp()) - 1)},
        {"webhook-timestamp": str(int(NOW.timestamp()) - 301)},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 302)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,ñ"},
        {"webhook-signature": "v2,AAAA"},
    ],
)
def test_a_message_that_was_changed_or_kept_is_refused(spoilt):
    body = b'{"type":"risk.moved_into_high"}'
    headers = signed("msg_1", body, SECRET, NOW)
    verify(headers, body, SECRET, NOW)
    with pytest.raises(BadSignature):
        verify(headers | spoilt, body, SECRET, NOW)
    with pytest.raises(BadSignature):
        verify(headers, body + b" ", SECRET, NOW)
    with pytest.raises(BadSignature):
        verify(headers, body, OTHER, NOW)


def test_a_message_that_somebody_kept_is_refused_after_five_minutes():
    headers = signed("msg_1", b"{}", SECRET, NOW)
    for age in (-299, 299):
        verify(headers, b"{}", SECRET, NOW + timedelta(seconds=age))
    for age in (-302, 302):
        with pytest.raises(BadSignature, match="seconds ago"):
            verify(headers, b"{}", SECRET, NOW + timedelta(seconds=age))


def test_while_secrets_are_changed_receivers_may_have_either():
    headers = signed("msg_1", b"{}", f"{SECRET} {OTHER}", NOW)
    for known in (SECRET, OTHER, f"{OTHER} {SECRET}"):
        verify(headers, b"{}", known, NOW)
    assert len(headers["webhook-signature"].split()) == 2


@pytest.mark.parametrize("secret", ["", " ", "hunter2", "whsec_", "whsec_AAAA", "whsec_ñ" * 40])
def test_a_weak_secret_is_refused_without_repeating_it(secret):
    with pytest.raises(BadSecret) as refused:
        signed("msg_1", b"{}", secret, NOW)
    assert "hunter2" not in str(refused.value)


# What is tried again.


def test_waits_grow_fourfold_up_to_half_a_day_and_are_not_all_the_same():
    assert [wait_before(attempt, 1).total_seconds() for attempt in (1, 2, 3, 4)] == [
        30, 120, 480, 1920,
    ]  # fmt: skip
    assert wait_before(9, 1) == wait_before(10**6, 1) == timedelta(hours=12)
    assert wait_before(1, 0) == timedelta(seconds=15)


def test_a_500_is_tried_again_later_and_then_accepted(url, receiver):
    put_night(url, riser("ann"))
    receiver.answer = lambda _call: (500, {"trace": "secret things"}, {})
    sent = send(url, receiver.url, clock=at(NOW))
    assert (sent.delivered, sent.failed) == (0, 1)
    assert sent.next_at
    assert NOW + timedelta(seconds=15) <= sent.next_at <= NOW + timedelta(seconds=30)
    assert send(url, receiver.url, clock=at(NOW + timedelta(seconds=14))).failed == 0
    assert len(receiver.calls) == 1
    receiver.answer = lambda _call: (204, {}, {})
    assert send(url, receiver.url, clock=at(NOW + timedelta(seconds=31))).delivered == 1
    (row,) = rows(url)
    assert (row["attempts"], row["last_status"], row["next_at"]) == (2, "204", None)
    ids = {call.headers["webhook-id"] for call in receiver.calls}
    assert len(ids) == 1


def test_who_asks_to_be_left_alone_for_an_hour_is(url, receiver):
    put_night(url, riser("ann"))
    receiver.answer = lambda _call: (429, {}, {"retry-after": "3600"})
    assert send(url, receiver.url, clock=at(NOW)).next_at == NOW + timedelta(hours=1)


def test_a_receiver_that_is_slow_costs_a_timeout_and_holds_up_nobody_else(url):
    quit_ = threading.Event()

    def answer(call):
        if call.path == "/slow":
            quit_.wait(5)
        return 200, {}, {}

    with serving(answer) as server:
        put_night(url, riser("ann"))
        targets = f"{server.url}/slow", f"{server.url}/fast"
        sent = send(url, *targets, patience=timedelta(seconds=0.3))
        quit_.set()
    assert (sent.delivered, sent.failed) == (1, 1)
    assert {row["target"]: row["last_status"] for row in rows(url)} == {
        targets[0]: "timeout",
        targets[1]: "200",
    }


def test_a_target_that_is_down_is_left_alone_and_told_of_all_once_it_is_back(url, receiver):
    down = f"{receiver.url}/down"
    receiver.answer = lambda call: (503 if call.path == "/down" else 200, {}, {})
    put_night(url, *(riser(f"s{number}") for number in range(40)))
    sent = send(url, down, f"{receiver.url}/up", clock=at(NOW))
    assert sent.delivered == 40
    assert sent.failed <= 8
    receiver.answer = lambda _call: (200, {}, {})
    assert send(url, down, clock=at(NOW)).delivered == 40 - sent.failed
    assert send(url, down, clock=at(NOW + timedelta(minutes=1))).delivered == sent.failed


def test_redirects_are_not_followed(url, receiver):
    put_night(url, riser("ann"))
    elsewhere = {"location": f"{receiver.url}/elsewhere"}
    receiver.answer = lambda _call: (307, {}, elsewhere)
    assert send(url, receiver.url).failed == 1
    assert [call.path for call in receiver.calls] == ["/"]
    assert rows(url)[0]["last_status"] == "307"


def test_nobody_listening_is_no_connection(url):
    put_night(url, riser("ann"))
    with serving(lambda _call: (200, {}, {})) as server:
        target = server.url
    assert send(url, target).failed == 1
    assert rows(url)[0]["last_status"] == "no connection"


def test_after_so_many_attempts_it_is_dead_until_it_is_replayed(url, receiver):
    put_night(url, riser("ann"), riser("bob"))
    receiver.answer = lambda call: (
        500 if call.json["data"]["subscriber_id"] == "ann" else 200, {}, {},
    )  # fmt: skip
    later = [NOW + timedelta(seconds=60 * 4**time) for time in range(3)]
    sent = [send(url, receiver.url, attempts=3, clock=at(moment)) for moment in later]
    assert [one.dead for one in sent] == [0, 0, 1]
    with reading(url) as connection:
        (given_up,) = dead(connection)
    assert (given_up["subscriber_id"], given_up["attempts"]) == ("ann", 3)
    assert send(url, receiver.url, clock=at(NOW + timedelta(hours=2))).next_at is None
    receiver.answer = lambda _call: (200, {}, {})
    with writing(url) as connection:
        assert replay(connection, ["msg_unknown"], NOW) == 0
        assert replay(connection, [given_up["delivery_id"]], NOW) == 1
    assert send(url, receiver.url).delivered == 1
    assert [row["dead_at"] for row in rows(url)] == [None, None]


def test_who_says_gone_is_not_tried_again(url, receiver):
    put_night(url, riser("ann"))
    receiver.answer = lambda _call: (410, {}, {})
    assert send(url, receiver.url).dead == 1


def test_two_senders_at_once_tell_everybody_once(url, receiver):
    put_night(url, *(riser(f"s{number}") for number in range(40)))
    receiver.answer = lambda _call: (sleep(0.02), (200, {}, {}))[1]
    found: list[Sent] = []
    both = [threading.Thread(target=lambda: found.append(send(url, receiver.url))) for _ in "ab"]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sum(sent.delivered for sent in found) == len(receiver.calls) == 40
    assert sum(sent.queued for sent in found) == 40


def test_many_deliveries_share_few_connections(url, receiver):
    put_night(url, *(riser(f"s{number}") for number in range(40)))
    assert send(url, receiver.url).delivered == 40
    assert receiver.connections <= 8  # as many as are under way at once


@pytest.mark.parametrize("more", [b"", b"x" * 2**20], ids=["silent", "long"])
def test_what_was_accepted_is_not_failed_by_a_body_that_never_ends(url, more):
    """A receiver that says 200, sends a part of its body, and then neither goes on nor closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as kept:

        def answer() -> None:
            opened = kept.enter_context(listening.accept()[0])
            opened.recv(2**16)
            with suppress(OSError):  # it is closed on us
                opened.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n" + more)

        thread = threading.Thread(target=answer)
        thread.start()
        put_night(url, riser("ann"))
        target = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert send(url, target, patience=timedelta(seconds=5)).delivered == 1
        thread.join()
    assert rows(url)[0]["last_status"] == "200"


def test_a_sender_that_was_killed_is_taken_over_after_a_while(url, receiver):
    put_night(url, riser("ann"))
    with writing(url) as connection:
        deliveries.queue_moves(connection, [receiver.url], NOW)
        deliveries.take_due(connection, [receiver.url], 8, due_by=NOW, now=NOW)
    assert send(url, receiver.url, clock=at(NOW)).delivered == 0
    assert send(url, receiver.url, clock=at(NOW + deliveries.LEASE)).delivered == 1


def test_nothing_is_logged_of_anybody_or_of_a_path(url, receiver, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")
    put_night(url, riser("ann"))
    send(url, f"{receiver.url}/path-is-a-secret")
    assert "ann" not in caplog.text
    assert "secret" not in caplog.text


# Where nothing is sent.


@pytest.mark.parametrize(
    "target",
    [
        "http://example.com/hook",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://10.0.0.1/",
        "https://ann:pass@example.com/",
        "ftp://example.com/",
        "https://",
        "hook",
        "https://example.com:port/",
        "https://exa\nmple.com/",
    ],
)
def test_what_is_not_encrypted_or_no_address_is_refused(url, target):
    put_night(url, riser("ann"))
    with pytest.raises(BadTarget):
        send(url, target)
    assert rows(url) == []


def test_https_and_this_machine_are_fine():
    for target in ("https://example.com/hook?x=1", "http://localhost:8000/", "http://[::1]:1/"):
        assert safe(target) == target


def test_nothing_is_made_where_nothing_was_published(url, tmp_path):
    with pytest.raises(NoNight):
        send(url, "https://example.com/")
    assert not (tmp_path / "data").exists()


# The night, and the commands.


def test_a_failure_is_told_to_the_night_and_never_fails_it(tmp_path, url, monkeypatch):
    put_night(url, riser("ann"))
    monkeypatch.delenv("PERDURA_WEBHOOK_SECRET", raising=False)
    assert notify_webhooks(Settings(home=tmp_path)) is None
    (tmp_path / "perdura.toml").write_text('webhooks = ["http://127.0.0.1:9/"]')
    settings = Settings.at(tmp_path)
    assert "PERDURA_WEBHOOK_SECRET is not set" in str(notify_webhooks(settings))
    monkeypatch.setenv("PERDURA_WEBHOOK_SECRET", SECRET)
    assert notify_webhooks(settings) == "1 webhook delivery failed"
    (tmp_path / "data" / "risk.db").write_bytes(b"not a database at all" * 1000)
    assert notify_webhooks(settings) == "webhooks were not told: DatabaseError"


def test_send_dead_and_replay_on_the_command_line(tmp_path, url, receiver):
    put_night(url, riser("ann"))
    env = {
        "PERDURA_WEBHOOKS": json.dumps([f"{receiver.url}/path-is-a-secret"]),
        "PERDURA_WEBHOOK_SECRET": SECRET,
        "PERDURA_WEBHOOK_ATTEMPTS": "1",
    }
    receiver.answer = lambda _call: (500, {}, {})
    told = json.loads(perdura("webhooks", "send", "--json", home=tmp_path, env=env).stdout)
    assert (told["queued"], told["dead"]) == (1, 1)
    listed = perdura("webhooks", "dead", home=tmp_path, env=env).stdout
    assert "msg_" in listed
    assert "500 after 1" in listed
    assert "ann" not in listed
    assert "secret" not in listed
    assert "1 will be tried anew" in perdura("webhooks", "replay", home=tmp_path, env=env).stdout
    receiver.answer = lambda _call: (200, {}, {})
    told = perdura("webhooks", "send", home=tmp_path, env=env)
    assert "1 delivered" in told.stdout
    assert "ann" not in told.stdout + told.stderr
    missing = perdura(
        "webhooks",
        "send",
        home=tmp_path,
        ok=False,
        env={"PERDURA_WEBHOOKS": env["PERDURA_WEBHOOKS"]},
    )
    assert "PERDURA_WEBHOOK_SECRET is not set" in missing.stderr
