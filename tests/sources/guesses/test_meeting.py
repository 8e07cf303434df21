"""By which key requesters of a help desk are found among those who pay, and how that is written."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from perdura.flows.onboarding.first_mapping import WhereDataAre, first_mapping

SUBSCRIPTIONS = (
    "customer_id,plan,price,start_date,ended_at\nc1,pro,9.50,2026-01-03,\nc2,pro,9.50,2026-01-04,\n"
)


def export(folder: Path, vendor: str, **files: list[dict[str, object]]) -> Path:
    (folder / vendor).mkdir()
    for name, rows in files.items():
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (folder / vendor / f"{name}.jsonl").write_text(text)
    return folder / vendor


def customer(number: int, email: str | None, **metadata: str) -> dict[str, object]:
    return {
        "id": f"cus_{number}", "object": "customer", "email": email, "created": 1764547200,
        "livemode": True, "metadata": metadata,
    }  # fmt: skip


def zendesk(folder: Path, *people: tuple[str, str | None]) -> Path:
    """A ticket of each person: e-mail and external id."""
    at = "2026-02-01T10:00:00Z"
    return export(
        folder,
        "zendesk",
        users=[
            {"id": n, "email": mail, "external_id": own, "role": "end-user", "updated_at": at}
            for n, (mail, own) in enumerate(people, 1)
        ],
        tickets=[
            {"id": 10 + n, "requester_id": n, "created_at": at, "updated_at": at, "status": "new"}
            for n in range(1, len(people) + 1)
        ],
    )


def written(where: WhereDataAre, folder: Path) -> tuple[dict[str, Any], str]:
    text = first_mapping(where, folder, lambda _: None).text
    return tomllib.loads(text), text


def billed(folder: Path, *customers: dict[str, object]) -> Path:
    return export(folder, "stripe", customers=[*customers])


def test_an_external_id_that_is_the_customers_own_needs_no_join(tmp_path: Path):
    stripe = billed(tmp_path, customer(1, None), customer(2, None))
    desk = zendesk(tmp_path, ("ann@example.com", "cus_1"), ("bob@example.com", "cus_2"))
    mapping, text = written(WhereDataAre(vendors={"stripe": stripe, "zendesk": desk}), tmp_path)
    (tickets,) = mapping["tickets"]
    assert tickets["subscriber_id"] == "requester_external_id"
    assert "join" not in tickets
    assert "2 of 2 requesters of zendesk are found" in text


def test_an_e_mail_is_looked_up_and_one_that_several_share_finds_all(tmp_path: Path):
    bob = "bob@example.com"
    stripe = billed(tmp_path, customer(1, "Ann@Example.com"), customer(2, bob), customer(3, bob))
    desk = zendesk(tmp_path, ("ann@example.com", None), (bob, "77"))
    mapping, _ = written(WhereDataAre(vendors={"stripe": stripe, "zendesk": desk}), tmp_path)
    (tickets,) = mapping["tickets"]
    assert tickets["subscriber_id"] == "who_pays"
    assert tickets["join"] == [
        {
            "file": "stripe:customers", "on": {"requester_email": "email"}, "many": True,
            "take": {"who_pays": "customer"},
        }
    ]  # fmt: skip


def test_an_id_in_the_metadata_is_asked_for(tmp_path: Path):
    stripe = billed(tmp_path, customer(1, "a@x.org", user_id="u1"), customer(2, None, user_id="u2"))
    desk = zendesk(tmp_path, ("a@x.org", "u1"), ("b@x.org", "u2"))
    mapping, _ = written(WhereDataAre(vendors={"stripe": stripe, "zendesk": desk}), tmp_path)
    assert mapping["connect"]["stripe"]["metadata"] == ["user_id"]
    assert mapping["tickets"][0]["join"][0]["on"] == {"requester_external_id": "metadata_user_id"}


def test_where_nobody_meets_the_vendors_mapping_stays_as_it_is(tmp_path: Path):
    stripe = billed(tmp_path, customer(1, "a@x.org"))
    desk = zendesk(tmp_path, ("z@x.org", None))
    mapping, _ = written(WhereDataAre(vendors={"stripe": stripe, "zendesk": desk}), tmp_path)
    (tickets,) = mapping["tickets"]
    assert tickets["subscriber_id"].startswith("COALESCE(requester_external_id")
    assert "join" not in tickets


def test_customers_of_a_plain_file_are_found_by_their_e_mail(tmp_path: Path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "subscriptions.csv").write_text(SUBSCRIPTIONS)
    (tmp_path / "files" / "customers.csv").write_text("id,email\nc1, Ann@x.org\nc2,bob@x.org\n")
    desk = zendesk(tmp_path, ("ann@x.org", None), ("bob@x.org", None))
    where = WhereDataAre(files=(tmp_path / "files",), vendors={"zendesk": desk})
    mapping, _ = written(where, tmp_path)
    assert mapping["tickets"][0]["join"] == [
        {
            "file": "files/customers.csv", "on": {"requester_email": "LOWER(TRIM(email))"},
            "take": {"who_pays": "id"},
        }
    ]  # fmt: skip


@pytest.mark.parametrize("external_id", ["cus_1", None])
def test_each_of_several_inputs_of_a_help_desk_looks_its_customer_up(
    tmp_path: Path, external_id: str | None
):
    stripe = billed(tmp_path, customer(1, "ann@x.org"))
    contact = {"type": "contact", "id": "k1", "external_id": external_id, "email": "ann@x.org"}
    desk = export(
        tmp_path,
        "intercom",
        contacts=[contact],
        conversations=[
            {
                "type": "conversation",
                "id": "9",
                "created_at": 1772323200,
                "updated_at": 1772323300,
                "state": "open",
                "contacts": {"contacts": [{"id": "k1", "external_id": external_id}]},
                "source": {"type": "email", "author": {"type": "user", "id": "k1"}},
            }
        ],
    )
    mapping, _ = written(WhereDataAre(vendors={"stripe": stripe, "intercom": desk}), tmp_path)
    assert len(mapping["tickets"]) > 1
    for one in mapping["tickets"]:
        if external_id:
            assert one["subscriber_id"] == "external_id"
        else:
            assert one["subscriber_id"] == "who_pays"
            assert one["join"][-1]["on"] == {"email": "email"}
