"""Push: help desks are told of changes, only of changes, and of all of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from perdura.http_calls import RequestPace
from perdura.risk.integrations.help_desks.caller import Caller, NotAllowed, NotNow
from perdura.risk.integrations.help_desks.fields import FieldNames, Filling
from perdura.risk.integrations.help_desks.intercom import Intercom
from perdura.risk.integrations.help_desks.push_state import (
    BadState,
    PushRunning,
    forget,
    push_state,
    read_digests,
)
from perdura.risk.integrations.help_desks.pushing import Pushed, dry_run, push
from perdura.risk.integrations.help_desks.zendesk import Zendesk
from perdura.risk.integrations.targets import BadTarget
from tests.support.help_desks import FakeIntercom, FakeZendesk
from tests.support.out_rows import FAILED, Server, now_stands, perdura, person, put_night, serving

NAMES = FieldNames(band="band", reasons="why", action="todo")
FILLING = Filling(names=NAMES)
WHY = "2 payments failed in the last 30 days; Waited 41 hours for a first reply"
HIGH = {"band": "high", "why": WHY, "todo": "Ask for another card"}
CLEARED = dict.fromkeys(HIGH)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/risk.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "push-zendesk-test.jsonl"


def soon() -> RequestPace:
    """Nobody waits long for a job, or after a fault."""
    return RequestPace(1e6, first_wait=0.01)


@contextmanager
def zendesk(fake: FakeZendesk) -> Iterator[tuple[Zendesk, Server]]:
    with serving(fake) as server, Caller(server.url, {}, soon()) as caller:
        yield Zendesk(caller), server


@contextmanager
def intercom(fake: FakeIntercom) -> Iterator[tuple[Intercom, Server]]:
    with serving(fake) as server, Caller(server.url, {}, soon()) as caller:
        yield Intercom(caller), server


def users(*names: str) -> dict[str, dict[str, Any]]:
    return {name: {} for name in names}


# What is told.


def test_band_reasons_and_what_to_do_are_told(url, file):
    fake = FakeZendesk(users("ann", "bob"))
    put_night(url, person("ann"), person("bob", 0.05))
    with zendesk(fake) as (tool, _server):
        pushed = push(url, FILLING, tool, file)
    assert fake.known["ann"] == HIGH
    assert fake.known["bob"] == {"band": "low", "why": None, "todo": None}
    assert pushed == Pushed(people=2, changed=2, cleared=0, updated=2)


def test_the_control_group_is_not_to_be_contacted(url, file):
    fake = FakeZendesk(users("ann"))
    put_night(url, person("ann", held_out=True))
    with zendesk(fake) as (tool, _server):
        push(url, Filling(names=NAMES, language="es"), tool, file)
    todo = "No contactar (grupo de control)"
    assert fake.known["ann"] == {"band": "high", "why": None, "todo": todo}


def test_a_field_without_a_name_is_not_filled_and_texts_are_cut(url, file):
    fake = FakeZendesk(users("ann"))
    put_night(url, person("ann"))
    names = FieldNames(band="", reasons="why", action="")
    with zendesk(fake) as (tool, _server):
        push(url, Filling(names=names, longest=10), tool, file)
    assert fake.known["ann"] == {"why": "2 payment…"}


# Only changes.


def test_the_second_night_only_changes_travel(url, file):
    fake = FakeZendesk(users("ann", "bob", "cid"))
    put_night(url, person("ann"), person("bob"), person("cid", 0.05))
    with zendesk(fake) as (tool, server):
        push(url, FILLING, tool, file)
        put_night(url, person("ann"), person("bob", 0.05), person("cid", 0.06, reasons=[FAILED]))
        server.calls.clear()
        assert dry_run(url, FILLING, file) == Pushed(people=3, changed=1, cleared=0)
        assert server.calls == []
        pushed = push(url, FILLING, tool, file)
        assert (pushed.changed, pushed.updated) == (1, 1)
        assert [user["external_id"] for user in server.calls[0].json["users"]] == ["bob"]
        server.calls.clear()
        assert push(url, FILLING, tool, file).changed == 0
        assert server.calls == []


def test_who_leaves_the_table_or_cancels_is_cleared(url, file):
    fake = FakeZendesk(users("ann", "bob", "cid"))
    put_night(url, person("ann"), person("bob"), person("cid"))
    with zendesk(fake) as (tool, _server):
        push(url, FILLING, tool, file)
        put_night(url, person("ann"), person("bob"))
        now_stands(url, "bob", "leaving")
        pushed = push(url, FILLING, tool, file)
        assert (pushed.people, pushed.changed, pushed.cleared, pushed.updated) == (1, 0, 2, 2)
        assert (fake.known["bob"], fake.known["cid"]) == (CLEARED, CLEARED)
        assert fake.known["ann"] == HIGH
        assert list(read_digests(file)) == ["ann"]
        assert push(url, FILLING, tool, file).cleared == 0


def test_whom_the_desk_does_not_know_is_tried_again_once_something_changes(url, file):
    fake = FakeZendesk(users("ann"))
    put_night(url, person("ann"), person("bob"))
    with zendesk(fake) as (tool, _server):
        assert push(url, FILLING, tool, file).absent == 1
        assert push(url, FILLING, tool, file).changed == 0
        fake.known["bob"] = {}
        put_night(url, person("ann"), person("bob", action_text="Call"))
        assert push(url, FILLING, tool, file).updated == 1
        assert fake.known["bob"]["todo"] == "Call"
        assert push(url, FILLING, tool, file, all_again=True).updated == 2


def test_renamed_fields_are_told_to_everybody(url, file):
    fake = FakeZendesk(users("ann"))
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, _server):
        push(url, FILLING, tool, file)
        other = FieldNames(band="risk", reasons="why", action="todo")
        assert push(url, Filling(names=other), tool, file).updated == 1


def test_the_file_holds_ids_and_digests_and_nothing_else(url, file):
    fake = FakeZendesk(users("añn"))
    put_night(url, person("añn"))
    with zendesk(fake) as (tool, _server):
        push(url, FILLING, tool, file)
    ((who, told),) = (json.loads(line) for line in file.read_text().splitlines())
    assert who == "añn"
    assert len(told) == 24
    assert sorted(one.name for one in file.parent.glob("push*")) == [file.name, f"{file.name}.lock"]


# Faults.


def test_a_hundred_go_at_once_and_many_batches_all_arrive(url, file):
    names = [f"s{number}" for number in range(950)]
    fake = FakeZendesk(users(*names))
    put_night(url, *map(person, names))
    told: list[int] = []
    with zendesk(fake) as (tool, _server):
        pushed = push(url, FILLING, tool, file, progress=lambda done, _of, _what: told.append(done))
    assert pushed.updated == 950
    assert sorted(fake.batches) == [50, *[100] * 9]
    assert all(fields == HIGH for fields in fake.known.values())
    assert told == sorted(told)
    assert told[-1] == 950


def test_429_and_5xx_are_waited_for(url, file):
    fake = FakeZendesk(users("ann"))
    fake.first = [(429, {}, {"retry-after": "0"}), (503, {}, {}), (500, {}, {})]
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, _server):
        assert push(url, FILLING, tool, file).updated == 1


def test_retry_after_holds_back_every_call(url, file):
    fake = FakeZendesk(users("ann"))
    fake.first = [(429, {"error": "TooManyJobs"}, {"retry-after": "1"})]
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, _server):
        start = time.monotonic()
        assert push(url, FILLING, tool, file).updated == 1
        assert time.monotonic() - start >= 1


def test_a_desk_that_stays_down_is_said_and_what_was_confirmed_is_kept(url, file):
    names = [f"s{number}" for number in range(300)]
    fake = FakeZendesk(users(*names))
    put_night(url, *map(person, names))
    with zendesk(fake) as (tool, _server):
        tool.parallel = 1

        def fails(_done, _of, _what):
            fake.first = [(502, {}, {})] * 20

        with pytest.raises(NotNow, match=r"answered 502 .* run it again"):
            push(url, FILLING, tool, file, progress=fails)
        kept = len(read_digests(file))
        assert 100 <= kept < 300
        fake.first = []
        assert push(url, FILLING, tool, file).changed == 300 - kept
    assert all(fields == HIGH for fields in fake.known.values())


def test_who_is_refused_in_a_job_is_counted_and_tried_again(url, file):
    fake = FakeZendesk(users("ann", "bob", "cid"), refused={"bob"})
    put_night(url, person("ann"), person("bob"), person("cid"))
    with zendesk(fake) as (tool, _server):
        pushed = push(url, FILLING, tool, file)
        assert (pushed.updated, pushed.failed) == (2, 1)
        assert dict(tool.problems) == {"UserUpdateError": 1}
        fake.refused = set()
        pushed = push(url, FILLING, tool, file)
        assert (pushed.changed, pushed.updated) == (1, 1)
    assert fake.known["bob"] == HIGH


def test_a_job_that_fails_confirms_nobody(url, file):
    fake = FakeZendesk(users("ann"), status="failed")
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, _server):
        assert push(url, FILLING, tool, file).failed == 1
        assert dict(tool.problems) == {"job failed": 1}
    assert read_digests(file) == {}


def test_a_job_that_never_ends_is_given_up(url, file):
    fake = FakeZendesk(users("ann"), looks=10**6)
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, _server):
        tool.patience = 0.1
        with pytest.raises(NotNow, match="has not ended"):
            push(url, FILLING, tool, file)


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials_are_said_at_once(url, file, status):
    fake = FakeZendesk({}, first=[(status, {"error": "token abc of ann is wrong"}, {})])
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, server), pytest.raises(NotAllowed) as refused:
        push(url, FILLING, tool, file)
    assert len(server.calls) == 1
    assert "ann" not in str(refused.value)


def test_redirects_are_not_followed_and_what_is_not_encrypted_is_refused(url, file):
    fake = FakeZendesk(users("ann"), first=[(302, {}, {"location": "http://127.0.0.1:9/"})])
    put_night(url, person("ann"))
    with zendesk(fake) as (tool, _server):
        assert push(url, FILLING, tool, file).failed == 1
        assert dict(tool.problems) == {"status 302": 1}
    with pytest.raises(BadTarget):
        Caller("http://acme.zendesk.com", {}, RequestPace(1e6))


# The file of what was told.


def test_a_line_that_was_being_written_when_somebody_was_killed_is_left_out(file):
    with push_state(file) as state:
        state.add({"ann": "1" * 24, "bob": "2" * 24, "x\u2028\n": "3" * 24})
        state.add({"bob": None})
    with file.open("a") as out:
        out.write('["cid", "33')
    assert read_digests(file) == {"ann": "1" * 24, "x\u2028\n": "3" * 24}
    with push_state(file):
        pass
    assert "cid" not in file.read_text()


def test_a_file_that_is_none_of_ours_is_said(file):
    file.parent.mkdir()
    file.write_text("hello\n")
    with pytest.raises(BadState, match="remove the file"):
        read_digests(file)


def test_two_pushes_at_once_are_refused(file):
    with push_state(file), pytest.raises(PushRunning), push_state(file):
        pass


def test_somebody_is_forgotten_in_every_file(file):
    for name in ("push-zendesk-a.jsonl", "push-intercom-b.jsonl", "push-zendesk-c.jsonl"):
        with push_state(file.with_name(name)) as state:
            state.add({"ann": "1" * 24} if "c" not in name[-8:] else {"bob": "2" * 24})
    assert forget(file.parent, "ann") == ["intercom-b", "zendesk-a"]
    assert not any("ann" in one.read_text() for one in file.parent.glob("push*.jsonl"))


def test_killed_between_batches_and_run_again_everybody_is_told(url, tmp_path):
    names = [f"s{number}" for number in range(600)]
    fake = FakeZendesk(users(*names), looks=0)
    put_night(url, *map(person, names))
    with serving(fake) as server:
        env = os.environ | {
            "PERDURA_HOME": str(tmp_path),
            "PERDURA_ZENDESK_URL": server.url,
            "PERDURA_ZENDESK_TOKEN": "t0ken",
            "PERDURA_PUSH_CALLS_PER_MINUTE": "600",
        }
        words = [sys.executable, "-m", "perdura.flows.cli.app", "push", "zendesk", "--json"]
        with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL) as process:
            while not (files := list((tmp_path / "data").glob("push*.jsonl"))) or not read_digests(
                files[0]
            ):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        kept = len(read_digests(files[0]))
        assert 0 < kept < 600
        env["PERDURA_PUSH_CALLS_PER_MINUTE"] = "100000"
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["pushed"]["changed"] == 600 - kept
    band = "perdura_risk_band"
    assert all(fields[band] == "high" for fields in fake.known.values())
    assert not any("s1" in call.path for call in server.calls)
    assert all(call.headers["authorization"] == "Bearer t0ken" for call in server.calls)


# Intercom.


def test_intercom_is_told_in_bulk(url, file):
    names = [f"s{number}" for number in range(230)]
    fake = FakeIntercom(users(*names))
    put_night(url, *map(person, [*names, "unknown"]))
    with intercom(fake) as (tool, server):
        assert tool.workspace() == "w0rk"
        pushed = push(url, FILLING, tool, file)
        assert (pushed.updated, pushed.absent) == (230, 1)
        assert fake.singles == 0
        assert len(fake.jobs) == 3
        put_night(url, *map(person, names[1:]))
        assert push(url, FILLING, tool, file).cleared == 2
    assert fake.known["s0"] == CLEARED
    assert fake.known["s1"] == HIGH
    assert not any(call.method == "POST" and "bulk" in call.path for call in server.calls)


def test_without_the_bulk_endpoint_contacts_are_told_one_by_one(url, file):
    names = [f"s{number}" for number in range(120)]
    fake = FakeIntercom(users(*names), bulk=False)
    put_night(url, *map(person, names))
    with intercom(fake) as (tool, server):
        tool.parallel = 1
        assert push(url, FILLING, tool, file).updated == 120
    assert fake.singles == 120
    assert sum(call.path == "/contacts/bulk" for call in server.calls) == 1
    singles = [call for call in server.calls if call.path.startswith("/contacts/id-")]
    assert {call.headers["intercom-version"] for call in singles} == {"2.14"}


def test_a_bulk_job_with_errors_is_gone_through_one_by_one(url, file):
    fake = FakeIntercom(users("ann", "bob"), refused={"bob"})
    put_night(url, person("ann"), person("bob"))
    with intercom(fake) as (tool, _server):
        pushed = push(url, FILLING, tool, file)
        assert (pushed.updated, pushed.failed) == (1, 1)
        assert dict(tool.problems) == {"custom_data_invalid": 1}
    assert list(read_digests(file)) == ["ann"]


def test_a_search_that_takes_fewer_is_halved(url, file):
    names = [f"s{number}" for number in range(60)]
    fake = FakeIntercom(users(*names), most_searched=15)
    put_night(url, *map(person, names))
    with intercom(fake) as (tool, _server):
        assert push(url, FILLING, tool, file).updated == 60


def test_intercom_says_when_its_window_begins_anew(url, file):
    reset = {"x-ratelimit-reset": str(int(time.time()) + 3), "x-ratelimit-remaining": "0"}
    fake = FakeIntercom(users("ann"), first=[(429, {}, reset)])
    put_night(url, person("ann"))
    with intercom(fake) as (tool, _server):
        start = time.monotonic()
        assert push(url, FILLING, tool, file).updated == 1
        assert time.monotonic() - start > 0.9


# The commands.


def test_what_is_missing_is_said_in_words(url, tmp_path):
    put_night(url, person("ann"))
    for words, env, said in [
        (("zendesk",), {}, "zendesk_url"),
        (("zendesk",), {"PERDURA_ZENDESK_URL": "https://a.zendesk.com"}, "PERDURA_ZENDESK_TOKEN"),
        (("intercom",), {}, "PERDURA_INTERCOM_TOKEN is not set"),
    ]:
        told = perdura("push", *words, home=tmp_path, ok=False, env=env).stderr
        assert said in told
        assert "Traceback" not in told


def test_a_dry_run_of_the_command_sends_nothing(url, tmp_path):
    put_night(url, person("ann"))
    fake = FakeIntercom(users("ann"))
    with serving(fake) as server:
        env = {"PERDURA_INTERCOM_URL": server.url, "PERDURA_INTERCOM_TOKEN": "t0ken"}
        told = perdura("push", "intercom", "--dry-run", home=tmp_path, env=env).stdout
        assert "1 at risk: 1 to change, 0 to clear." in told
        assert [call.path for call in server.calls] == ["/me"]
        told = perdura("push", "intercom", home=tmp_path, env=env).stdout
        assert "1 told, 0 not known there, 0 refused." in told
    assert (tmp_path / "data" / "push-intercom-w0rk.jsonl").exists()
