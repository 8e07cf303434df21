"""Subscribers out of a store: nothing of them is left, and every other line stays where it was."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from perdura.sources.connectors.stripe.erase import erase_fetched, fetched_about
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.tombstones import read_tombstones
from tests.support.small_sources import Business

STORE: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"id": "cus_ann", "email": "ann@x.com", "metadata": {"user": "77"}},
        {"id": "cus_bob", "email": "bob@x.com", "metadata": {"user": "7"}},
        {"id": "cus_Ñ", "email": 'ñ"@x.com', "metadata": {"user": "active"}},
    ],
    "subscriptions": [
        {"id": "sub_1", "customer": "cus_ann", "status": "active", "metadata": {}},
        {"id": "sub_2", "customer": "cus_bob", "status": "active", "metadata": {"team": "t-9"}},
        {"id": "sub_3", "customer": "cus_Ñ", "status": "active", "metadata": {}},
    ],
    "invoices": [
        {"id": "in_1", "customer": "cus_ann", "total": 77},
        {"id": "in_2", "customer": "cus_bob", "total": 7},
    ],
    "charges": [
        {"id": "ch_1", "customer": "cus_ann", "payment_intent": "pi_1"},
        {"id": "ch_2", "customer": "cus_bob", "payment_intent": "pi_2"},
    ],
    "invoice_payments": [
        {"id": "inpay_1", "invoice": "in_1", "payment": {"payment_intent": "pi_1"}},
        {"id": "inpay_2", "invoice": "in_2", "payment": {"payment_intent": "pi_2"}},
    ],
    "refunds": [{"id": "re_1", "charge": "ch_1"}, {"id": "re_2", "charge": "ch_2"}],
    "events": [
        {"id": "evt_1", "data": {"object": {"object": "subscription", "customer": "cus_ann"}}},
        {"id": "evt_2", "data": {"object": {"object": "subscription", "customer": "cus_bob"}}},
    ],
}
OF_ANN = {"customers": 1, "subscriptions": 1, "invoices": 1, "charges": 1, "invoice_payments": 1,
          "refunds": 1, "events": 1}  # fmt: skip
DAY = date(2026, 6, 1)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """A store beside an event of subscriber ``own-5`` for the charge of Ann."""
    business = Business(tmp_path).maps('[payments]\nfile = "p.csv"\n')
    header = "subscriber_id,happened_at,kind,payment_id"
    business.write("p.csv", f"{header}\nown-5,2026-01-05,paid,ch_1\nown-6,2026-01-05,paid,ch_2\n")
    business.extract(datetime(2026, 3, 1, tzinfo=UTC))
    folder = business.landing.fetched / "stripe"
    (folder / "unfinished").mkdir(parents=True)
    for kind, things in STORE.items():
        text = "".join(json.dumps(thing) + "\n" for thing in things)
        (folder / f"{kind}-20260101T000000Z.jsonl").write_text(text)
    return business.landing


def counts(landing: Landing, *accounts: str) -> dict[str, int]:
    found = fetched_about(landing.fetched / "stripe", landing, accounts, Path())
    return {file.name.partition("-")[0]: count for file, count in found.items()}


@pytest.mark.parametrize("account", ["cus_ann", "ann@x.com", "77", "own-5"])
def test_a_subscriber_is_found_by_customer_email_metadata_and_landed_objects(
    landing: Landing, account: str
):
    assert counts(landing, account) == OF_ANN


@pytest.mark.parametrize("account", ["t-9", "sub_2", "own-6", "7"])
def test_so_is_one_who_is_a_subscription_or_has_its_metadata(landing: Landing, account: str):
    assert counts(landing, account) == OF_ANN  # as many, but Bob's
    folder = landing.fetched / "stripe"
    erase_fetched(folder, landing, [account], Path(), DAY)
    assert counts(landing, "cus_ann") == OF_ANN
    assert "cus_bob" not in "".join(file.read_text() for file in folder.glob("*.jsonl"))


def test_an_id_that_is_an_ordinary_word_counts_only_where_ids_stand(landing: Landing):
    assert counts(landing, "active") == {"customers": 1, "subscriptions": 1}
    assert counts(landing, 'ñ"@x.com') == {"customers": 1, "subscriptions": 1}
    assert counts(landing, "email") == counts(landing, "nobody") == {}


def test_lines_become_blanks_and_others_stay_where_they_were(landing: Landing):
    folder = landing.fetched / "stripe"
    before = {file: file.read_bytes() for file in folder.glob("*.jsonl")}
    erase_fetched(folder, landing, ["cus_ann"], Path(), DAY)
    for file, lines in before.items():
        first = len(lines.split(b"\n", 1)[0])
        assert file.read_bytes() == b" " * first + lines[first:]
    assert not (folder / "unfinished").exists()
    assert counts(landing, "cus_ann") == {}


def test_the_store_knows_the_customers_afterwards_and_no_other(landing: Landing):
    folder = landing.fetched / "stripe"
    erase_fetched(folder, landing, ["own-5"], Path(), DAY)
    forgotten = read_tombstones(folder)
    assert [forgotten.has(one) for one in ("own-5", "cus_ann", "cus_bob")] == [True, True, False]
    assert b"cus_ann" not in b"".join(
        file.read_bytes() for file in folder.rglob("*") if file.is_file()
    )
