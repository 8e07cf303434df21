"""The live API against a server that answers as Zendesk does: whatever fails, nothing is lost."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.http_calls import RequestPace
from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.connectors.web import Web
from perdura.sources.connectors.zendesk.account.api import EXPORTS, fetch_exports
from perdura.sources.connectors.zendesk.account.credentials import headers_of
from perdura.sources.connectors.zendesk.account.store import Store
from tests.support.replay import Answer, served
from tests.support.zendesk_replay import NOW, TOKEN, Account

START = datetime(2026, 1, 1, tzinfo=UTC)
LISTS = [export.name for export in EXPORTS]
T0 = int(START.timestamp())


def ticket(number: int, changed: int, **more: Any) -> dict[str, Any]:
    """A ticket that changed so many seconds after the start."""
    return {
        "id": number,
        "changed": T0 + changed,
        "generated_timestamp": T0 + changed,
        "created_at": "2026-01-01T00:00:00Z",
        "status": "open",
        "requester_id": 11,
        "subject": "SECRET",
        "description": "SECRET",
        "via": {"channel": "email", "source": {"from": {"address": "SECRET@x.com"}}},
        **more,
    }


def an_account(tickets: int = 5, **more: Any) -> Account:
    things = {
        "tickets": [ticket(number, number) for number in range(1, tickets + 1)],
        "ticket_events": [
            {
                "id": n,
                "ticket_id": n,
                "changed": T0 + n // 3,
                "timestamp": T0 + n,
                "child_events": [],
            }
            for n in range(1, 8)
        ],
        "users": [{"id": 11, "changed": T0 + 5, "role": "end-user", "name": "SECRET"}],
        "organizations": [{"id": n, "changed": T0 + n} for n in range(1, 4)],
        "satisfaction_ratings": [
            {"id": n, "ticket_id": n, "score": "good", "changed": T0, "comment": "SECRET"}
            for n in range(1, 6)
        ],
    }
    return Account(things, **more)


class Run:
    """Runs against one account and one store, and the seconds that they waited."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account, self.folder = account, folder
        self.waited: list[float] = []
        self.token = TOKEN
        self.calls_per_minute = 1e9

    def __call__(self) -> list[str]:
        pace = RequestPace(self.calls_per_minute, wait=self.waited.append)
        with (
            served(self.account) as url,
            Web(url, headers_of(self.token, None), pace, rights="an administrator") as web,
        ):
            return list(fetch_exports(web, Store(self.folder, "acme.zendesk.com"), START))

    def lines(self, name: str) -> list[dict[str, Any]]:
        text = (self.folder / f"{name}.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def latest(self, name: str) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.lines(name)}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(an_account(), tmp_path / "store")


def held(account: Account) -> dict[str, set[str]]:
    """The ids that a run at the account's time has to have."""
    until = account.now.timestamp() - 60
    return {
        name: {str(o["id"]) for o in account.things[name] if o["changed"] <= until}
        for name in LISTS
    }


def test_every_list_is_read_to_its_end(run: Run):
    assert run() == [
        "5 tickets fetched",
        "7 ticket events fetched",
        "2 times a page of ticket events was of one second: read on after it",
        "1 users fetched",
        "4 organizations fetched",  # one on the edge of a page is on two
        "5 satisfaction ratings fetched",
    ]
    assert {name: {*run.latest(name)} for name in LISTS} == held(run.account)
    first, second = run.account.requests[:2]
    assert first == ("/api/v2/incremental/tickets/cursor.json", {"start_time": str(T0)})
    assert second == ("/api/v2/incremental/tickets/cursor.json", {"cursor": f"{T0 + 2}.2"})


def test_what_is_kept_has_no_body_no_name_and_no_address(run: Run):
    run()
    kept = b"".join(file.read_bytes() for file in run.folder.iterdir())
    assert b"SECRET" not in kept
    assert run.folder.stat().st_mode & 0o077 == 0


def test_the_next_run_reads_what_changed_since(run: Run):
    run()
    before = len(run.account.requests)
    run.account.things["tickets"].append(ticket(1, 99, status="solved"))
    assert run()[0] == "1 tickets fetched"
    assert run.latest("tickets")["1"]["status"] == "solved"
    cursor = run.account.requests[before][1]["cursor"]
    assert cursor == f"{T0 + 5}.5"


def test_the_last_minute_is_left_for_the_next_run(run: Run):
    just_now = int((NOW - timedelta(seconds=30)).timestamp()) - T0
    run.account.things["tickets"].append(ticket(6, just_now))
    run()
    assert "6" not in run.latest("tickets")
    run.account.now += timedelta(minutes=1)
    run()
    assert "6" in run.latest("tickets")


def test_what_turns_up_in_the_second_that_was_read_last_is_not_lost(run: Run):
    run()
    late = {"id": 99, "changed": T0 + 7 // 3, "ticket_id": 1, "timestamp": T0, "child_events": []}
    run.account.things["ticket_events"].append(late)
    run()
    assert "99" in run.latest("ticket_events")


def test_a_page_that_changes_while_it_is_read_loses_nothing(run: Run):
    def change(number: int) -> None:
        tickets = run.account.things["tickets"]
        if number == 2:  # one that was read changes, and one that was not
            tickets[0].update(changed=T0 + 50, status="pending")
            tickets[4].update(changed=T0 + 60, status="solved")

    run.account.on_request = change
    run()
    found = run.latest("tickets")
    assert {*found} == held(run.account)["tickets"]
    assert (found["1"]["status"], found["5"]["status"]) == ("pending", "solved")


def test_a_storm_of_429_is_waited_for_as_long_as_it_says(run: Run):
    run.account.faults.extend(Answer(429, headers={"retry-after": str(n)}) for n in (7, 93, 5))
    run()
    assert [seconds for seconds in run.waited if seconds >= 1] == [7, 93, 5]
    assert {name: {*run.latest(name)} for name in LISTS} == held(run.account)


def test_a_moment_to_wait_for_is_one_of_the_servers_own_clock(run: Run):
    """Whatever ours says: the account's time here is years away from that of the test."""
    until = format_datetime(NOW + timedelta(seconds=40), usegmt=True)
    run.account.faults.append(Answer(429, headers={"retry-after": until}))
    run()
    assert [seconds for seconds in run.waited if seconds >= 1] == [40]


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500),
        Answer(503, body=b"<html>busy</html>"),
        Answer(200, body=b'{"tickets": [{"id": 1'),
        Answer(200, body=b"[]"),
        Answer(200, headers={"content-length": "999999"}),
    ],
    ids=["500", "503", "cut JSON", "a list", "cut answer"],
)
def test_a_fault_that_passes_is_waited_for_longer_and_longer(run: Run, fault: Answer):
    run.account.faults.extend([fault] * 4)
    run()
    assert {name: {*run.latest(name)} for name in LISTS} == held(run.account)
    waits = [seconds for seconds in run.waited if seconds >= 0.5]
    assert len(waits) == 4
    assert all(2**n / 2 <= seconds <= 2**n for n, seconds in enumerate(waits))


def test_a_run_that_was_stopped_goes_on_where_it_was(run: Run):
    run.account.on_request = lambda number: (
        run.account.faults.extend([Answer(500)] * 8) if number == 3 else None
    )
    with pytest.raises(
        Unavailable, match=r"500 to /api/v2/incremental/tickets/cursor.json 8 times"
    ):
        run()
    assert len(run.lines("tickets")) == 4
    before = len(run.account.requests)
    run()
    assert run.account.requests[before][1] == {"cursor": f"{T0 + 4}.4"}
    assert [one["id"] for one in run.lines("tickets")] == ["1", "2", "3", "4", "5"]


def test_what_was_written_beyond_the_last_whole_page_is_cut_off(run: Run):
    run()
    whole = (run.folder / "tickets.jsonl").read_bytes()
    (run.folder / "tickets.jsonl").write_bytes(whole + b'{"id": "7", "cre')
    (run.folder / "new.jsonl").write_bytes(b"{}")
    Store(run.folder, "acme.zendesk.com")
    assert (run.folder / "tickets.jsonl").read_bytes() == whole
    assert not (run.folder / "new.jsonl").exists()


def test_a_list_that_has_doubled_keeps_the_last_version_of_each_object(run: Run):
    run()
    store = Store(run.folder, "acme.zendesk.com")
    progress = store.progress("tickets")
    assert progress is not None
    versions = [
        {"id": str(n), "status": f"s{v}", "pad": "x" * 199} for v in range(2000) for n in (1, 2, 3)
    ]
    store.append("tickets", [*versions, {"id": "None"}], progress)
    before = store.files["users"].read_bytes()
    store.compact()
    lines = [json.loads(line) for line in store.files["tickets"].read_text().splitlines()]
    assert [(one["id"], one.get("status")) for one in lines] == [
        *(("4", "open"), ("5", "open")),
        *((str(n), "s1999") for n in (1, 2, 3)),
        ("None", None),
    ]
    assert store.files["users"].read_bytes() == before
    again = Store(run.folder, "acme.zendesk.com")
    assert again.progress("tickets") == progress
    written = again.files["tickets"].stat().st_mtime_ns
    again.compact()
    assert again.files["tickets"].stat().st_mtime_ns == written


def test_it_is_asked_no_more_often_than_ten_times_a_minute(run: Run):
    run.calls_per_minute = 10
    run()
    # Nobody sleeps here, so each request has to wait for all before it.
    assert run.waited == pytest.approx([6 * n for n in range(1, len(run.account.requests))], abs=1)


class TestRefusals:
    def test_an_expired_token_says_so_and_what_was_fetched_is_kept(self, run: Run):
        def expire(number: int) -> None:
            if number == 3:
                run.account.token = "another"  # noqa: S105

        run.account.on_request = expire
        with pytest.raises(Unavailable, match=r"does not know the credentials .*expired"):
            run()
        assert len(run.lines("tickets")) == 4
        run.token = "another"  # noqa: S105
        run()
        assert {*run.latest("tickets")} == held(run.account)["tickets"]

    def test_a_missing_scope_names_the_list_and_the_right(self, run: Run):
        run.account.forbidden.add("/api/v2/incremental/users/cursor.json")
        with pytest.raises(
            Unavailable,
            match=r"read /api/v2/incremental/users/cursor.json \(403\): it needs an adm",
        ):
            run()

    def test_ratings_that_may_not_be_read_are_missing_and_said(self, run: Run):
        run.account.forbidden.add("/api/v2/satisfaction_ratings.json")
        assert "no satisfaction ratings: " in run()[-1]
        assert "(403)" in run()[-1]

    def test_another_account_is_refused(self, run: Run):
        run()
        with pytest.raises(BadConnection, match=r"url is other.zendesk.com, .* acme.zendesk.com"):
            Store(run.folder, "other.zendesk.com")

    def test_an_address_of_something_else_is_named(self, run: Run):
        run.account.faults.append(Answer(302, headers={"location": "https://login"}))
        with pytest.raises(Unavailable, match=r"answered 302 to .*; is it the address"):
            run()

    def test_a_page_without_its_list_names_what_it_has(self, run: Run):
        run.account.faults.append(Answer(body=b'{"results": [], "end_of_stream": true}'))
        with pytest.raises(Unavailable, match=r"no list 'tickets'; it has end_of_stream, results"):
            run()

    def test_a_list_that_does_not_move_on_is_no_endless_loop(self, run: Run):
        stuck = {"tickets": [], "after_cursor": "1.1", "end_of_stream": False}
        run.account.faults.extend([Answer(body=json.dumps(stuck).encode())] * 3)
        with pytest.raises(Unavailable, match=r"names the same page again"):
            run()

    def test_a_state_that_cannot_be_read_says_what_to_delete(self, run: Run):
        run()
        (run.folder / "state.json").write_text("{")
        with pytest.raises(Unavailable, match=r"state.json, .* cannot be read; delete the folder"):
            run()


def test_the_token_is_in_no_error_and_no_log(run: Run, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    run.account.token = "another"  # noqa: S105
    with pytest.raises(Unavailable) as refused:
        run()
    assert TOKEN not in str(refused.value) + caplog.text
    assert refused.value.__cause__ is None
    assert TOKEN not in "".join(file.read_text() for file in run.folder.iterdir())


FAULTS = st.sampled_from(
    [
        Answer(429, headers={"retry-after": "1"}),
        *(Answer(status) for status in (500, 401, 403)),
        Answer(200, body=b"{"),
    ]
)


@settings(max_examples=6)
@given(
    tickets=st.lists(st.integers(0, 6), max_size=8),
    page_size=st.integers(1, 4),
    faults=st.dictionaries(st.integers(1, 25), st.tuples(FAULTS, st.sampled_from([1, 2, 8]))),
    changes=st.dictionaries(st.integers(1, 25), st.integers(0, 7)),
)
def test_whatever_fails_and_changes_meanwhile_all_is_there_in_the_end(
    tmp_path_factory: pytest.TempPathFactory,
    tickets: list[int],
    page_size: int,
    faults: dict[int, tuple[Answer, int]],
    changes: dict[int, int],
):
    account = an_account(0, page_size=page_size)
    own = account.things["tickets"]
    own += [ticket(number, at) for number, at in enumerate(tickets, start=1)]
    moments: Iterator[int] = iter(range(100, 1000))

    def disturb(number: int) -> None:
        if number in faults:
            fault, times = faults[number]
            account.faults.extend([fault] * times)
        if changes.get(number, 99) < len(own):
            own[changes[number]].update(changed=T0 + next(moments), status=f"s{number}")

    account.on_request = disturb
    run = Run(account, tmp_path_factory.mktemp("store"))
    for _ in range(40):
        try:
            run()
        except Unavailable:
            continue
        break
    account.on_request = lambda _number: None
    account.faults.clear()
    run()
    assert {name: {*run.latest(name)} for name in LISTS} == held(account)
    assert {number: one["status"] for number, one in run.latest("tickets").items()} == {
        str(one["id"]): one["status"] for one in own
    }
