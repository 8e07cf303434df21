"""A live account in an extract: the events of the same objects as files, run after run."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perdura.sources.connectors.erasing import erase_fetched_of, fetched_of
from perdura.sources.connectors.known import mapping_of
from perdura.sources.extract import IncompleteExtract
from perdura.sources.landing.tombstones import read_tombstones, record_erasure
from perdura.sources.mapping.mapping import BadMapping
from tests.support.replay import served
from tests.support.small_sources import Business
from tests.support.stripe_exports import (
    at,
    charge,
    export,
    invoice,
    item,
    line,
    price,
    subscription,
)
from tests.support.stripe_replay import LIVE_KEY, TEST_KEY, StripeAccount

VARIABLE = "STRIPE_KEY_OF_A_TEST"
PRO = price("pro", 2000)
TODAY = datetime.now(UTC)
TABLES = ("subscriptions", "payments", "subscribers")


def customer(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"cus_{name}",
        "object": "customer",
        "created": at("2026-01-04"),
        "email": f"{name}@example.com",
        "name": "Secret Name",
        "phone": "+34 600 000 000",
        "livemode": True,
        "address": {"country": "ES", "line1": "Secret Street"},
        "metadata": {"user": f"user-{name}", "note": "Secret Note"},
        **more,
    }


def things(*names: str) -> dict[str, list[dict[str, Any]]]:
    """Customers, each with a subscription that was billed and paid once."""
    bill = {n: line(PRO, 2000, "2026-01-05", "2026-02-05", of=n) for n in names}
    return {
        "customers": [customer(name) for name in names],
        "subscriptions": [subscription(name, [item(PRO)]) for name in names],
        "invoices": [invoice(name, 1, "2026-01-05", [bill[name]]) for name in names],
        "charges": [charge(name, 1, "2026-01-05", 2000) for name in names],
        "invoice_payments": [
            {
                "id": f"inpay_{name}",
                "invoice": f"in_{name}_1",
                "payment": {"type": "payment_intent", "payment_intent": f"pi_{name}_1"},
                "status": "paid",
                "livemode": True,
                "created": at("2026-01-05"),
            }
            for name in names
        ],
    }


@pytest.fixture
def account() -> StripeAccount:
    return StripeAccount(things("ann", "bob", "cat", "dan", "eve"))


class Live(Business):
    """A business whose mapping names an account."""

    def maps_to(self, url: str, options: str = "") -> "Live":
        connect = f'[connect.stripe]\nkey = "${VARIABLE}"\nurl = "{url}"\n{options}\n'
        self.maps(connect + mapping_of("stripe"))
        return self

    @property
    def store(self) -> Path:
        return self.landing.fetched / "stripe"

    def stored(self, kind: str) -> list[dict[str, Any]]:
        return [
            json.loads(text)
            for file in sorted(self.store.glob(f"{kind}-*.jsonl"))
            for text in file.read_text().splitlines()
            if text.strip()
        ]


@pytest.fixture
def url(account: StripeAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv(VARIABLE, LIVE_KEY)
    with served(account) as found:
        yield found


@pytest.fixture
def business(url: str, tmp_path: Path) -> Live:
    return Live(tmp_path / "live").maps_to(url)


def test_an_account_tells_what_its_objects_tell_as_files(
    business: Live, account: StripeAccount, tmp_path: Path
):
    files = Business(tmp_path / "files")
    export(files.folder / "stripe", account.objects)
    files.maps('[connect.stripe]\nfolder = "stripe"\n' + mapping_of("stripe"))
    files.extract(TODAY + timedelta(days=1))
    business.extract(TODAY + timedelta(days=1))
    for table in TABLES:
        rows = [
            one.landing.events()[table].collect().drop("known_at").sort(pl.all())
            for one in (files, business)
        ]
        assert len(rows[0]) >= 5
        assert rows[0].equals(rows[1])


def test_what_is_read_again_as_it_was_lands_once_and_keeps_its_time(
    business: Live, account: StripeAccount
):
    business.extract(TODAY)
    assert business.events("subscribers") == []  # known since it was read, which was later
    account.clock = lambda: datetime.now(UTC) + timedelta(minutes=4)
    business.extract(TODAY + timedelta(days=1))
    known = business.landing.events()["subscribers"].collect()["known_at"]
    assert len(known) == 5
    assert max(known.to_list()) < datetime.now(UTC) + timedelta(minutes=2)  # of the first run


def test_only_what_changed_is_known_since_the_second_run(business: Live, account: StripeAccount):
    business.extract(TODAY)
    first = {file.name for file in business.store.glob("*.jsonl")}
    account.clock = lambda: datetime.now(UTC) + timedelta(minutes=4)
    account.objects["customers"][0]["address"]["country"] = "FR"
    account.objects["customers"].pop()
    business.extract(TODAY + timedelta(days=1))
    new = [file for file in business.store.glob("customers-*.jsonl") if file.name not in first]
    assert [json.loads(text)["id"] for text in new[0].read_text().splitlines()] == ["cus_ann"]
    assert sorted(one["id"] for one in business.stored("customers")) == [
        "cus_ann", "cus_bob", "cus_cat", "cus_dan",
    ]  # fmt: skip


def test_charges_are_fetched_once_they_have_settled_and_the_rest_each_time(
    business: Live, account: StripeAccount
):
    business.extract(TODAY)
    account.requests.clear()
    account.objects["charges"] += [charge("ann", 2, f"{TODAY:%Y-%m-%d}", 2000)]
    business.extract(TODAY + timedelta(days=1))
    month_ago = TODAY - timedelta(days=35, minutes=5)
    assert int(account.asked("charges")[0]["created[gte]"]) > month_ago.timestamp()
    assert "created[gte]" not in account.asked("invoices")[0]
    assert len(business.stored("charges")) == 6


def test_no_name_address_or_text_is_kept_and_metadata_by_key(url: str, tmp_path: Path):
    business = Live(tmp_path).maps_to(url, 'metadata = ["user"]')
    business.extract(TODAY)
    text = "".join(file.read_text() for file in business.store.rglob("*") if file.is_file())
    assert "user-ann" in text
    assert "ann@example.com" in text  # things are joined by it
    assert "Secret" not in text
    assert "+34" not in text


def test_the_key_is_in_no_file_and_no_message(
    business: Live, account: StripeAccount, caplog: pytest.LogCaptureFixture
):
    account.forbidden = {"disputes"}
    report = business.extract(TODAY)
    account.key = "another"
    with pytest.raises(IncompleteExtract) as stopped:
        business.extract(TODAY)
    said = str(report) + str(stopped.value) + caplog.text
    kept = "".join(file.read_text() for file in business.store.rglob("*") if file.is_file())
    assert LIVE_KEY[8:] not in said + kept
    assert "it was deleted or rolled (401); make a new one" in said


def test_a_scope_that_is_missing_is_named_and_the_rest_lands(
    business: Live, account: StripeAccount
):
    account.forbidden = {"disputes", "account", "events"}
    report = business.extract(TODAY)
    said = str(report)
    assert "give it the permission Disputes: Read (rak_dispute_read) in Stripe's" in said
    assert "give it the permission Events: Read (rak_event_read)" in said
    assert len(business.events("payments")) == 10
    assert '"acct_1Replay"' in (business.store / "state.json").read_text()


def test_without_the_scope_of_charges_no_payment_that_needs_them_lands(
    business: Live, account: StripeAccount
):
    account.forbidden = {"charges"}
    report = business.extract(TODAY)
    assert "give it the permission Charges and Refunds: Read" in str(report)
    assert business.events("payments") == []  # invoices alone would tell payments twice later
    assert len(business.events("subscriptions")) == 5


def test_an_account_without_subscriptions_is_said_to_have_none(
    business: Live, account: StripeAccount
):
    account.objects["subscriptions"] = []
    with pytest.raises(IncompleteExtract, match="acct_1Replay has no subscriptions") as stopped:
        business.extract(TODAY)
    assert "right key" in str(stopped.value)


def test_a_second_account_is_refused(business: Live, account: StripeAccount):
    business.extract(TODAY)
    account.name = "acct_2Other"
    with pytest.raises(BadMapping, match="acct_2Other, and what was fetched before is of acct_1"):
        business.extract(TODAY)


def test_a_clock_that_is_not_stripes_is_refused(business: Live, account: StripeAccount):
    account.clock = lambda: datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(IncompleteExtract, match=r"by Stripe's clock .* set the machine's clock"):
        business.extract(TODAY)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (TEST_KEY, "is of test mode"),
        ("pk_live_0123456789", "is no key that reads from Stripe"),
        ("whsec_0123456789", "is no key that reads from Stripe"),
        ("", "is the environment variable STRIPE_KEY_OF_A_TEST, which is not set"),
    ],
)
def test_other_keys_are_refused_without_being_repeated(
    business: Live, monkeypatch: pytest.MonkeyPatch, key: str, says: str
):
    monkeypatch.setenv(VARIABLE, key)
    with pytest.raises(BadMapping, match=says) as refused:
        business.extract(TODAY)
    assert not key or key not in str(refused.value)


def test_a_key_that_is_written_out_is_refused(tmp_path: Path):
    business = Business(tmp_path)
    business.maps(f'[connect.stripe]\nkey = "{LIVE_KEY}"\n' + mapping_of("stripe"))
    with pytest.raises(BadMapping, match="a secret belongs in the environment") as refused:
        business.extract(TODAY)
    assert LIVE_KEY not in str(refused.value)


@pytest.mark.parametrize("options", ["", 'key = "$A"\nfolder = "b"\n'])
def test_a_section_names_a_folder_or_a_key(tmp_path: Path, options: str):
    business = Business(tmp_path).maps("[connect.stripe]\n" + options + mapping_of("stripe"))
    with pytest.raises(BadMapping, match=r"write folder = '\.\.\.' for exports, or"):
        business.extract(TODAY)


def test_objects_of_test_mode_are_refused_unless_the_section_allows_them(
    business: Live, account: StripeAccount, url: str, monkeypatch: pytest.MonkeyPatch
):
    for kind in account.objects:
        account.objects[kind] = [{**one, "livemode": False} for one in account.objects[kind]]
    with pytest.raises(IncompleteExtract, match="Stripe gives customers of test mode"):
        business.extract(TODAY)
    monkeypatch.setenv(VARIABLE, TEST_KEY)
    account.key = TEST_KEY
    business.maps_to(url, "test_mode = true")
    with pytest.raises(BadMapping, match="is of test mode, and what was fetched before is of live"):
        business.extract(TODAY)
    other = Live(business.folder.parent / "test").maps_to(url, "test_mode = true")
    report = other.extract(TODAY)
    assert "objects of test mode count as live ones" in str(report)
    assert len(other.events("payments")) == 10


def test_the_forgotten_are_not_fetched_again(url: str, account: StripeAccount, tmp_path: Path):
    business = Live(tmp_path).maps_to(url, 'metadata = ["user"]')
    business.extract(TODAY)
    erase_fetched_of(business.landing, ["user-ann", "cus_bob"], TODAY.date())
    assert not fetched_of(business.landing, ["user-ann", "cus_bob"])
    business.extract(TODAY + timedelta(days=1))
    for kind in ("customers", "subscriptions", "invoices", "charges"):
        text = json.dumps(business.stored(kind))
        assert "cus_cat" in text
        assert "ann" not in text
        assert "bob" not in text
    assert "created[gte]" not in account.asked("charges")[-2]  # lines of others might be gone


def test_who_was_forgotten_before_the_account_was_named_is_never_kept(url: str, tmp_path: Path):
    business = Live(tmp_path).maps_to(url, 'metadata = ["user"]')
    record_erasure(business.landing.folder, ["user-ann"], TODAY.date())
    business.extract(TODAY)
    for kind in ("customers", "subscriptions", "invoices", "charges"):
        assert len(business.stored(kind)) == 4
        assert "ann" not in json.dumps(business.stored(kind))
    assert read_tombstones(business.store).has("cus_ann")  # a run that goes on knows it, too


def test_files_are_as_old_as_their_names_say(business: Live):
    business.extract(TODAY)
    for file in business.store.glob("*.jsonl"):
        os.utime(file, (0, 0))  # a backup that was restored
    business.extract(TODAY + timedelta(days=1))
    for file in business.store.glob("*.jsonl"):
        stamp = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        assert file.stem.endswith(f"{stamp:%Y%m%dT%H%M%SZ}")
