"""A live account in an extract: the events of the same objects as files, run after run."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perdura.sources.connectors.connection import ApiSample
from perdura.sources.connectors.known import mapping_of
from perdura.sources.extract import IncompleteExtract, extract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.replay import served
from tests.support.small_sources import UNTIL, Business
from tests.support.zendesk_replay import TOKEN, Account

T0 = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp())


def at(hours: float) -> str:
    return datetime.fromtimestamp(T0 + hours * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(number: int, hours: float, *children: Any, by: int = 20) -> dict[str, Any]:
    return {
        "id": number,
        "changed": T0 + int(hours * 3600),
        "ticket_id": 1,
        "timestamp": T0 + int(hours * 3600),
        "updater_id": by,
        "via": "Web form",
        "child_events": list(children),
    }


OPENED = {"status": "new", "priority": "low", "event_type": "Create"}
REPLY = {"comment_present": True, "comment_public": True, "event_type": "Change"}
SOLVED = {"status": "solved", "event_type": "Change"}


@pytest.fixture
def account() -> Account:
    ticket = {
        "id": 1,
        "changed": T0,
        "created_at": at(0),
        "updated_at": at(0),
        "status": "new",
        "requester_id": 11,
        "submitter_id": 11,
        "via": {"channel": "email"},
        "description": "SECRET",
    }
    users = [
        {"id": 11, "changed": T0, "role": "end-user", "email": "a@x.com", "external_id": "ann"},
        {"id": 20, "changed": T0, "role": "admin"},
    ]
    events = [event(1, 0, OPENED, by=11), event(2, 3, REPLY)]
    return Account({"tickets": [ticket], "ticket_events": events, "users": users})


@pytest.fixture
def business(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Business]:
    monkeypatch.setenv("ZENDESK_TOKEN_OF_A_TEST", TOKEN)
    with served(account) as url:
        connect = (
            f'[connect.zendesk]\nurl = "{url}"\ntoken = "$ZENDESK_TOKEN_OF_A_TEST"\n'
            "calls_per_minute = 60000\n\n"
        )
        yield Business(tmp_path).maps(connect + mapping_of("zendesk"))


def events_of(business: Business) -> list[tuple[object, ...]]:
    return business.events("tickets", ["subscriber_id", "kind", "priority", "hours", "happened_at"])


def test_a_sample_stops_after_a_page_and_pages_are_told_as_they_come(
    business: Business, account: Account
):
    account.things["users"] += [{"id": n, "changed": T0, "role": "end-user"} for n in range(30, 36)]
    sample, told = ApiSample(3), list[str]()
    extract(
        business.folder / "mapping.toml",
        until=UNTIL,
        landing=business.landing,
        progress=lambda _done, _total, what: told.append(what),
        sample=sample,
    )
    assert sample.read == ["the first 4 users"]
    assert [what for what in told if "users" in what] == [
        "fetching zendesk: 2 users", "fetching zendesk: 4 users",
    ]  # fmt: skip
    assert len(events_of(business)) == 2


def test_an_account_tells_what_its_objects_tell_as_files(
    business: Business, account: Account, tmp_path: Path
):
    account.things["ticket_events"].append(event(3, 5, SOLVED))
    business.extract()
    files = Business(tmp_path / "files").maps(
        '[connect.zendesk]\nfolder = "exports"\n\n' + mapping_of("zendesk")
    )
    for name, things in account.things.items():
        files.write(f"exports/{name}.jsonl", "".join(json.dumps(one) + "\n" for one in things))
    files.extract()
    assert events_of(business) == events_of(files)
    assert [row[1:4] for row in events_of(business)] == [
        ("opened", "low", None),
        ("replied", "low", 3),
        ("resolved", "low", 5),
    ]


def test_the_next_night_reads_on_and_knows_what_came_before(business: Business, account: Account):
    business.extract(UNTIL)
    requests = len(account.requests)
    account.now += timedelta(days=1)
    late = (account.now - timedelta(hours=2)).timestamp()
    account.things["ticket_events"].append(event(3, (late - T0) / 3600, SOLVED))
    report = business.table_report("tickets", UNTIL + timedelta(days=1))
    assert (report.in_rows.had_before, report.in_rows.landed) == (2, 1)
    assert [row[1:3] for row in events_of(business)][-1] == ("resolved", "low")
    assert "cursor" in account.requests[requests][1]


def test_what_zendesk_has_not_exported_yet_is_said(business: Business):
    notes = "\n".join(business.table_report("tickets").notes)
    assert "here up to 2026-02-28 22:59:00 UTC: what came later is read by the next" in notes
    assert "1 tickets fetched" in notes


def test_an_account_without_tickets_is_no_fault(business: Business, account: Account):
    account.things.clear()
    report = business.table_report("tickets")
    assert report.rows == 0


def test_neither_the_token_nor_a_body_is_anywhere_below_the_home(
    business: Business, account: Account
):
    business.extract()
    account.token = "withdrawn"  # noqa: S105
    with pytest.raises(IncompleteExtract, match=r"does not know the credentials") as refused:
        business.extract()
    assert TOKEN not in str(refused.value) + repr(refused.value.report)
    files = [file for file in business.folder.rglob("*") if file.is_file()]
    assert not [file for file in files if TOKEN.encode() in file.read_bytes()]
    assert not [file for file in files if b"SECRET" in file.read_bytes()]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('url = "https://acme.zendesk.com"', "url = '...' and token = '$name' go together"),
        ('url = "https://a.zendesk.com"\ntoken = "abc"', "token is written out"),
        (
            'url = "https://a.zendesk.com"\ntoken = "$NOT_SET_AT_ALL"',
            "NOT_SET_AT_ALL, which is not",
        ),
        ('url = "http://acme.zendesk.com"\ntoken = "$PATH"', "acme.zendesk.com is not encrypted"),
        ('url = "https://me:pw@a.zendesk.com"\ntoken = "$PATH"', "has a password in it"),
        ('url = "acme"\ntoken = "$PATH"', "url is no address; write https://HOST"),
        ('url = "https://a.b"\nfolder = "x"\ntoken = "$PATH"', "write folder = '...' for exports"),
        ("", "write folder = '...' for exports, or url = '...' for the api"),
    ],
)
def test_what_a_section_lacks_is_said_before_anything_is_asked(
    tmp_path: Path, keys: str, says: str
):
    business = Business(tmp_path).maps(f"[connect.zendesk]\n{keys}\n" + mapping_of("zendesk"))
    with pytest.raises(BadMapping) as refused:
        business.extract()
    assert says in str(refused.value)
    assert "section [connect.zendesk]" in str(refused.value)
    assert not (business.landing.fetched / "zendesk").exists()
