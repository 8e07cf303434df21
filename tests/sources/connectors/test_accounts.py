"""Several subscribers of one company: connectors give the account, and tickets find who pays."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from perdura.sources.connectors.known import mapping_of
from perdura.sources.states.accounts import accounts_at
from tests.support.small_sources import Business, at
from tests.support.stripe_exports import export, item, price, subscription

UNTIL = datetime(2026, 6, 2, tzinfo=UTC)
PRO = price("pro", 2000)


def customer(name: str, organization: str | None) -> dict[str, object]:
    metadata = {"org": organization} if organization else {}
    return {"id": f"cus_{name}", "created": 1767571200, "livemode": True, "metadata": metadata,
            "email": f"{name}@example.com", "address": {"country": "ES"}}  # fmt: skip


def stripe(folder: Path, *customers: dict[str, object]) -> None:
    names = [str(one["id"]).removeprefix("cus_") for one in customers]
    subscriptions = [subscription(name, [item(PRO)]) for name in names]
    export(folder / "stripe", {"customers": [*customers], "subscriptions": subscriptions})


def accounts(business: Business, until: datetime = UNTIL) -> dict[str, str]:
    return dict(accounts_at(business.landing.events(), until).rows())


class TestStripe:
    CONNECT = '[connect.stripe]\nfolder = "stripe"\naccount = "org"\n\n'

    def test_customers_of_one_organization_are_one_account(self, tmp_path: Path):
        business = Business(tmp_path).maps(self.CONNECT + mapping_of("stripe"))
        stripe(tmp_path, customer("ann", "acme"), customer("bob", "acme"), customer("eve", None))
        business.extract(UNTIL)
        assert accounts(business) == {"cus_ann": "acme", "cus_bob": "acme"}
        # A customer's metadata has no date: it is known since it was read, at noon of 1 June.
        assert accounts(business, datetime(2026, 6, 1, 12, tzinfo=UTC)) == {}
        countries = [one for one in business.events("subscribers", ["name"]) if one == ("country",)]
        assert len(countries) == 3

    def test_without_the_key_there_is_none_and_nothing_is_degraded(self, tmp_path: Path):
        connect = self.CONNECT.replace('account = "org"\n', "")
        business = Business(tmp_path).maps(connect + mapping_of("stripe"))
        stripe(tmp_path, customer("ann", "acme"))
        report = business.extract(UNTIL)
        assert accounts(business) == {}
        assert "subscribers" not in report.degraded

    def test_several_subscriptions_of_a_customer_are_one_subscriber(self, tmp_path: Path):
        business = Business(tmp_path).maps(self.CONNECT + mapping_of("stripe"))
        both = [subscription("ann", [item(PRO)]), subscription("ann", [item(PRO)], id="sub_2")]
        export(tmp_path / "stripe", {"customers": [customer("ann", None)], "subscriptions": both})
        business.extract(UNTIL)
        rows = business.events("subscriptions", ["subscriber_id", "subscription_id", "kind"])
        assert {row[:2] for row in rows if row[2] == "started"} == {
            ("cus_ann", "sub_ann"), ("cus_ann", "sub_2"),
        }  # fmt: skip


def test_who_writes_tickets_is_not_who_pays_and_both_count_for_the_payers(tmp_path: Path):
    """Two customers pay for acme, and a user of acme's, who pays nothing, writes."""
    tickets = mapping_of("zendesk").replace(
        'subscriber_id = "COALESCE(requester_external_id, organization_external_id)"',
        'subscriber_id = "who_pays"',
    )
    join = """
[[tickets.join]]
file = "stripe:accounts"
on = { organization_external_id = "account" }
many = true
take = { who_pays = "customer" }
"""
    connect = TestStripe.CONNECT + '[connect.zendesk]\nfolder = "zendesk"\n\n'
    business = Business(tmp_path).maps(connect + mapping_of("stripe") + tickets + join)
    stripe(tmp_path, customer("ann", "acme"), customer("bob", "acme"), customer("eve", "zeta"))
    things = {
        "users": [{"id": 1, "role": "end-user", "external_id": "u1", "organization_id": 5,
                   "email": "u1@acme.com"}],
        "organizations": [{"id": 5, "external_id": "acme"}],
        "tickets": [{"id": 10, "requester_id": 1, "organization_id": 5, "status": "new",
                     "created_at": "2026-02-01T10:00:00Z", "updated_at": "2026-02-01T10:00:00Z"}],
    }  # fmt: skip
    for name, rows in things.items():
        business.write(f"zendesk/{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    business.extract(UNTIL)
    assert business.events("tickets", ["subscriber_id", "kind"]) == [
        ("cus_ann", "opened"), ("cus_bob", "opened"),
    ]  # fmt: skip
    assert accounts(business) == {"cus_ann": "acme", "cus_bob": "acme", "cus_eve": "zeta"}


def test_the_organization_of_users_who_are_subscribers_is_their_account(tmp_path: Path):
    text = mapping_of("zendesk")
    shown = text[text.index("#   [[subscribers]]") :]
    own = re.sub(r"^#   ", "", shown, flags=re.MULTILINE)
    business = Business(tmp_path).maps('[connect.zendesk]\nfolder = "zendesk"\n\n' + own)
    users = [{"id": n, "role": "end-user", "external_id": f"u{n}", "organization_id": 5}
             for n in (1, 2)]  # fmt: skip
    opened = {"status": "new", "organization_id": 5, "created_at": "2026-02-01T10:00:00Z",
              "updated_at": "2026-02-01T10:00:00Z"}  # fmt: skip
    rows = [opened | {"id": 10 + n, "requester_id": n} for n in (1, 2)]
    things = {"users": users, "organizations": [{"id": 5, "external_id": "acme"}], "tickets": rows}
    for name, several in things.items():
        business.write(f"zendesk/{name}.jsonl", "".join(json.dumps(one) + "\n" for one in several))
    business.extract(UNTIL)
    assert accounts(business) == {"u1": "acme", "u2": "acme"}


def test_accounts_below_a_parent_are_one_with_it_until_they_are_no_longer(tmp_path: Path):
    mapping = mapping_of("recurly")
    begin, end = (mapping.index(f"# {one}") for one in ("Accounts below", "Tickets of another"))
    own = mapping[begin:end]
    business = Business(tmp_path).maps('[connect.recurly]\nfolder = "recurly"\n\n' + own)
    business.write(
        "recurly/account_history.csv",
        "id,updated_at,parent_account_id\nhead,2026-01-01,\nann,2026-01-02,head\n"
        "bob,2026-01-02,head\nbob,2026-02-20,\neve,2026-01-03,\n",
    )
    business.extract(UNTIL)
    assert accounts(business, at(1)) == {"head": "head", "ann": "head", "bob": "head"}
    assert accounts(business, at(21)) == {"head": "head", "ann": "head", "bob": "bob"}
