"""Zendesk in an extract: from a folder to events, every row accounted for."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from perdura.sources.connectors.known import mapping_of
from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.small_sources import Business

SHARED = Path(__file__).parents[5] / "shared" / "data" / "vendor_exports" / "zendesk"
CONNECT = '[connect.zendesk]\nfolder = "exports"\n\n'

TICKET = {
    "id": 1,
    "created_at": "2026-01-05T09:00:00Z",
    "updated_at": "2026-01-06T09:00:00Z",
    "status": "open",
    "requester_id": 11,
    "submitter_id": 11,
    "via": {"channel": "voice"},
}
USERS = [
    {"id": 11, "role": "end-user", "email": "Ann@Example.com", "external_id": "ann"},
    {"id": 12, "role": "end-user", "organization_id": 7},
    {"id": 13, "role": "end-user", "email": "eve@example.com"},
    {"id": 20, "role": "agent", "external_id": "agent"},
]


@pytest.fixture
def business(tmp_path: Path) -> Business:
    business = Business(tmp_path).maps(CONNECT + mapping_of("zendesk"))
    tickets = [TICKET | {"id": who, "requester_id": who} for who in (11, 12, 13, 20, 99)]
    return exports(
        business, tickets=tickets, users=USERS, organizations=[{"id": 7, "external_id": "acme"}]
    )


def exports(business: Business, **files: Sequence[Mapping[str, object]]) -> Business:
    for name, things in files.items():
        business.write(f"exports/{name}.jsonl", "".join(json.dumps(one) + "\n" for one in things))
    return business


def test_who_asked_is_the_customer_of_the_external_id_else_of_the_organization(business: Business):
    report = business.table_report("tickets")
    assert business.events("tickets", ["subscriber_id", "ticket_id", "kind", "channel"]) == [
        ("acme", "12", "opened", "phone"),
        ("ann", "11", "opened", "phone"),
    ]
    counts = report.in_rows
    assert (counts.read, counts.landed, counts.dropped, counts.rejected) == (5, 2, 1, 2)
    assert report.rejected == {"no_subscriber": 2}


def test_the_report_says_which_keys_the_requesters_have(business: Business):
    notes = "\n".join(business.table_report("tickets").notes)
    assert (
        "5 requesters: 2 with an external id, 2 with an e-mail, 3 without one, 1 of an "
        "organization with an external id, 1 with none of these keys; 1 are agents, 1 are not "
        "among the users"
    ) in notes
    assert "exports/tickets.jsonl: 5 tickets, 5 events" in notes
    met = "rows met 1 by requester_external_id, 1 by organization_external_id, 2 by none"
    assert f"zendesk:ticket_events: subscriber_id: {met}" in notes


def test_an_e_mail_finds_the_customer_of_another_system(business: Business):
    business.write("customers.csv", "id,email\ncus_1,ANN@example.com\n")
    mapping = mapping_of("zendesk").replace(
        'subscriber_id = "COALESCE(requester_external_id, organization_external_id)"',
        'subscriber_id = "customer_id"',
    )
    join = (
        '[[tickets.join]]\nfile = "customers.csv"\n'
        'on = { requester_email = "LOWER(TRIM(email))" }\ntake = { customer_id = "id" }\n'
    )
    business.maps(CONNECT + mapping + join).extract()
    assert business.events("tickets", ["subscriber_id"]) == [("cus_1",)]


def test_a_second_extract_of_the_same_tickets_lands_nothing_twice(business: Business):
    business.extract()
    files = business.files()
    again = business.table_report("tickets")
    assert again.in_rows.landed == 2
    assert business.files() == files


def test_values_that_zendesk_does_not_have_are_counted_with_an_example(business: Business):
    changes = [
        {"field_name": field, "value": value, "type": "Create"}
        for field, value in (
            ("priority", "p1"),
            ("status", "waiting"),
            ("satisfaction_score", "so"),
        )
    ]
    audit = {"id": 1, "ticket_id": 1, "created_at": "2026-01-05T09:00:00Z", "events": changes}
    notes = "\n".join(exports(business, audits=[audit]).table_report("tickets").notes)
    assert "1 times a priority that Zendesk has not ('p1'): none of them is an escalation" in notes
    assert "1 times a status that Zendesk has not ('waiting')" in notes
    assert "1 times a satisfaction score that Zendesk has not ('so')" in notes


def test_no_body_and_no_name_is_anywhere_below_the_home(business: Business):
    secret = {"subject": "SECRET", "description": "<p>SECRET</p>", "name": "SECRET"}
    things = [TICKET | secret, TICKET | secret | {"created_at": "odd"}]
    exports(business, tickets=things, users=[USERS[0] | secret]).extract()
    kept = [file for file in business.landing.folder.rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if b"SECRET" in file.read_bytes()]


def test_tables_and_json_in_one_folder_are_refused(business: Business):
    business.write("exports/ticket.csv", "id,created_at\n1,2026-01-05\n")
    with pytest.raises(IncompleteExtract, match=r"exports holds landed tables and JSON"):
        business.extract()


def test_a_key_that_it_does_not_have_is_named(business: Business):
    business.maps(CONNECT + 'subdomian = "acme"\n' + mapping_of("zendesk"))
    with pytest.raises(BadMapping, match=r"section \[connect.zendesk\]: no such key 'subdomian'"):
        business.extract()


@pytest.mark.skipif(not SHARED.exists(), reason="third-party data is not beside the checkout")
def test_every_row_of_the_tables_that_fivetran_lands_is_accounted_for(tmp_path: Path):
    mapping = mapping_of("zendesk").replace(
        "organization_external_id)", "CAST(organization_id AS VARCHAR), '2222')"
    )
    connect = f'[connect.zendesk]\nfolder = "{SHARED}"\n\n'
    business = Business(tmp_path).maps(connect + mapping)
    report = business.table_report("tickets")
    # Ten tickets, of which nine ended by their last update, and changes that raise one of them
    # twice and solve it; and histories of 14 more tickets that are nowhere else.
    assert report.in_rows.read == report.in_rows.landed == 36
    kinds = [kind for (kind,) in business.events("tickets", ["kind"])]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "opened": 10,
        "escalated": 2,
        "resolved": 24,
    }
    ours = business.events("tickets", ["ticket_id", "kind", "priority", "hours"])
    assert [row[1:] for row in ours if row[0] == "11071"] == [
        ("opened", "normal", None),
        ("escalated", "high", None),
        ("escalated", "urgent", None),
        ("resolved", "urgent", pytest.approx(1864.9142, abs=1e-4)),
    ]
    notes = "\n".join(report.notes)
    assert "38 changes of the fields that tell events, 17 events" in notes
    assert "10 requesters: 0 with an external id, 1 with an e-mail, 9 without one" in notes
