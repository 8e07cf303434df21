"""An erasure reaches what was fetched: whoever asked under the subscriber's id, and stays gone."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.erasing import erase_fetched_of, fetched_of
from perdura.sources.connectors.known import mapping_of
from perdura.sources.landing.erase import leftovers_of
from tests.support.replay import served
from tests.support.small_sources import UNTIL, Business
from tests.support.zendesk_replay import NOW, TOKEN, Account

T0 = int((NOW - timedelta(days=9)).timestamp())
DAY = date(2026, 3, 1)


def ticket(number: int, requester: int) -> dict[str, Any]:
    return {
        "id": number,
        "changed": T0 + number,
        "created_at": f"2026-02-01T00:00:{number:02}Z",
        "requester_id": requester,
        "status": "open",
    }


def moved(number: int, ticket_id: int, requester: int) -> dict[str, Any]:
    child = {"requester_id": requester, "event_type": "Change"}
    return {
        "id": number,
        "changed": T0 + number,
        "ticket_id": ticket_id,
        "timestamp": int((NOW - timedelta(days=8)).timestamp()),
        "child_events": [child],
    }


@pytest.fixture
def account() -> Account:
    """Ann and Bob by their e-mails, two of Acme by their organization, and an agent who asks."""
    users = [
        {"id": 11, "role": "end-user", "email": "Ann@x.com"},
        {"id": 12, "role": "end-user", "email": "bob@x.com"},
        {"id": 13, "role": "end-user", "organization_id": 7},
        {"id": 14, "role": "end-user", "organization_id": 7},
        {"id": 20, "role": "agent", "email": "agent@x.com", "organization_id": 7},
    ]
    tickets = [ticket(n, who) for n, who in enumerate((11, 11, 12, 13, 20), start=1)]
    things = {
        "users": [user | {"changed": T0} for user in users],
        "tickets": tickets,
        "ticket_events": [
            moved(n, n, int(one["requester_id"])) for n, one in enumerate(tickets, 1)
        ],
        "organizations": [{"id": 7, "changed": T0, "external_id": "acme"}],
        "satisfaction_ratings": [
            {"id": n, "ticket_id": n, "score": "bad", "changed": T0, "updated_at": "2026-02-05"}
            for n in (1, 3)
        ],
    }
    return Account(things, page_size=100)


@pytest.fixture
def business(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Business]:
    monkeypatch.setenv("ZENDESK_TOKEN_OF_A_TEST", TOKEN)
    mapping = (
        mapping_of("zendesk")
        .replace(
            "COALESCE(requester_external_id, organization_external_id)",
            "COALESCE(customer_id, organization_external_id)",
        )
        .replace('ticket_id = "ticket_id"', "ticket_id = \"CONCAT('zd-', ticket_id)\"")
    )
    join = (
        '[[tickets.join]]\nfile = "customers.csv"\n'
        'on = { requester_email = "email" }\ntake = { customer_id = "id" }\n'
    )
    with served(account) as url:
        connect = (
            f'[connect.zendesk]\nurl = "{url}"\ntoken = "$ZENDESK_TOKEN_OF_A_TEST"\n'
            "calls_per_minute = 60000\n\n"
        )
        business = Business(tmp_path).maps(connect + mapping + join)
        business.write("customers.csv", "id,email\ncus_ann,ann@x.com\ncus_bob,bob@x.com\n")
        business.extract()
        yield business


def kept(business: Business) -> dict[str, list[int]]:
    """The ids in each list of the store; of events and ratings those of their tickets."""
    store = business.landing.fetched / "zendesk"
    state = json.loads((store / "state.json").read_text())
    found: dict[str, list[int]] = {}
    for name, one in state["lists"].items():
        lines = [json.loads(line) for line in (store / one["file"]).read_text().splitlines()]
        key = "ticket_id" if name in {"ticket_events", "satisfaction_ratings"} else "id"
        found[name] = sorted({int(line[key]) for line in lines})
    return found


def counted(business: Business, *accounts: str) -> dict[str, int]:
    found = fetched_of(business.landing, accounts)
    return {file.name: count for file, count in found.items()}


def test_who_asked_goes_with_their_tickets_and_no_one_else(business: Business):
    before = {"tickets.jsonl": 2, "ticket_events.jsonl": 2, "users.jsonl": 1}
    assert counted(business, "cus_ann") == before | {"satisfaction_ratings.jsonl": 1}
    erase_fetched_of(business.landing, ["cus_ann"], DAY)
    assert kept(business) == {
        "tickets": [3, 4, 5],
        "ticket_events": [3, 4, 5],
        "users": [12, 13, 14, 20],
        "organizations": [7],
        "satisfaction_ratings": [3],
    }
    files = [file for file in business.landing.fetched.rglob("*") if file.is_file()]
    assert not [file for file in files if b"Ann@x.com" in file.read_bytes()]
    assert leftovers_of(business.landing) == []


def test_of_an_organization_all_its_users_go_and_no_agent(business: Business):
    erase_fetched_of(business.landing, ["acme"], DAY)
    found = kept(business)
    assert (found["organizations"], found["users"]) == ([], [11, 12, 20])
    assert found["tickets"] == [1, 2, 3, 5]


def test_an_agent_who_asked_for_an_organization_stays(business: Business):
    mapping = (business.folder / "mapping.toml").read_text().splitlines(keepends=True)
    business.maps("".join(line for line in mapping if not line.startswith("where ="))).extract()
    assert ("acme", "zd-5") in business.events("tickets", ["subscriber_id", "ticket_id"])
    erase_fetched_of(business.landing, ["acme"], DAY)
    found = kept(business)
    assert (found["users"], found["tickets"]) == ([11, 12, 20], [1, 2, 3])


def test_a_user_who_never_asked_is_found_by_e_mail(business: Business, account: Account):
    account.things["users"].append(
        {"id": 15, "changed": T0 + 9, "role": "end-user", "email": "eve@x.com"}
    )
    business.extract()
    assert counted(business, "cus_eve") == {}
    assert counted(business, "EVE@x.com") == {"users.jsonl": 1}


def test_counting_changes_nothing(business: Business):
    store = business.landing.fetched / "zendesk"
    before = {file: file.read_bytes() for file in store.iterdir()}
    fetched_of(business.landing, ["cus_ann"])
    assert {file: file.read_bytes() for file in store.iterdir()} == before


def test_erased_twice_is_erased_once(business: Business):
    erase_fetched_of(business.landing, ["cus_ann"], DAY)
    first = kept(business)
    assert counted(business, "cus_ann") == {}
    erase_fetched_of(business.landing, ["cus_ann"], DAY)
    assert kept(business) == first


def test_what_the_api_says_of_them_later_is_not_kept(business: Business, account: Account):
    erase_fetched_of(business.landing, ["cus_ann"], DAY)
    before = kept(business)
    for things in account.things.values():
        for one in things:
            one["changed"] += 1000
    account.things["tickets"].append(ticket(6, 11) | {"changed": T0 + 2000})
    business.extract(UNTIL + timedelta(days=1))
    assert kept(business) == before


def test_the_others_are_read_on_as_before(business: Business, account: Account):
    erase_fetched_of(business.landing, ["cus_ann"], DAY)
    account.things["tickets"].append(ticket(6, 12) | {"changed": T0 + 2000})
    business.extract(UNTIL + timedelta(days=1))
    assert kept(business)["tickets"] == [3, 4, 5, 6]


def test_an_account_that_is_nowhere_changes_nothing(business: Business):
    assert counted(business, "nobody") == {}


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"connector": "../evil"}'])
def test_a_store_whose_state_is_broken_is_never_passed_over(business: Business, content: str):
    (business.landing.fetched / "zendesk" / "state.json").write_text(content)
    with pytest.raises(Unavailable, match=r"state.json, .* cannot be read, .*; delete the folder"):
        fetched_of(business.landing, ["cus_ann"])


def test_a_home_without_connectors_has_nothing_to_erase(tmp_path: Path):
    assert fetched_of(Business(tmp_path).landing, ["ann"]) == {}
