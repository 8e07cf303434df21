"""Lists of localstripe, a fake of Stripe that others wrote, run as a process where it is installed.

It is no dependency: its licence is the GPL. ``pip install localstripe`` into an environment of its
own, and name its command by ``LOCALSTRIPE``. It knows no lists of invoice payments, disputes,
credit notes and prices, no account and no ``created``; what it knows are pages and their cursors.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from perdura.http_calls import RequestPace
from perdura.sources.connectors.stripe.api.fetch import Lists
from perdura.sources.connectors.stripe.api.narrowed import Narrowing
from perdura.sources.connectors.stripe.api.store import StripeStore
from perdura.sources.connectors.web import Web
from tests.sources.connectors.stripe.api.test_fetch import stored

COMMAND = os.environ.get("LOCALSTRIPE") or shutil.which("localstripe")
KEY = "sk_test_12345"
pytestmark = pytest.mark.skipif(COMMAND is None, reason="localstripe is not installed here")


class Undated(Web):
    """The API, which is not asked for objects of a time."""

    def get(self, path: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        return super().get(
            path, {name: own for name, own in parameters.items() if "created" not in name}
        )


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [str(COMMAND), "--from-scratch", "--port", port]
    # Its objects are pickled where it runs.
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", int(port))) == 0:
                    break
            sleep(0.05)
        yield base
    finally:
        process.kill()
        process.wait()


def test_pages_of_a_fake_that_others_wrote_are_read_whole(url: str, tmp_path: Path):
    with httpx.Client(base_url=url, auth=(KEY, ""), trust_env=False, timeout=30) as client:

        def make(path: str, **values: str) -> str:
            answer = client.post(f"/v1/{path}", data=values)
            assert answer.is_success, answer.text
            return answer.json()["id"]

        plan = {"amount": "2000", "currency": "eur", "interval": "month", "product[name]": "Pro"}
        make("plans", id="pro", **plan)
        card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        customers: list[str] = []
        subscriptions: list[str] = []
        for number in range(103):
            name = f"Secret {number}"
            customers.append(make("customers", email=f"{number}@example.com", name=name))
            if number % 20 == 0:
                token = make("tokens", **{f"card[{key}]": own for key, own in card.items()})
                client.post(f"/v1/customers/{customers[-1]}/sources", data={"source": token})
                items = {"items[0][plan]": "pro", "items[0][quantity]": "3"}
                subscriptions.append(make("subscriptions", customer=customers[-1], **items))
        client.delete(f"/v1/subscriptions/{subscriptions[0]}").raise_for_status()

    folder = tmp_path / "store"
    headers = {"authorization": f"Bearer {KEY}"}
    with Undated(url, headers, RequestPace(1e9), rights="all") as web:
        web.get("/v1/customers", {"limit": 1})
        store = StripeStore(folder, "acct_local", livemode=False)
        lists = Lists(web, store, Narrowing(test_mode=True), lambda _kind, _count: None)
        lists.fetch(["customers", "subscriptions", "invoices", "charges", "refunds", "coupons"])
    kept = {kind: stored(folder, kind) for kind in ("customers", "subscriptions", "invoices")}
    assert sorted(one["id"] for one in kept["customers"]) == sorted(customers)
    ids = {one["id"]: one["status"] for one in kept["subscriptions"]}
    assert ids == dict.fromkeys(subscriptions, "active") | {subscriptions[0]: "canceled"}
    assert {one["items"]["data"][0]["quantity"] for one in kept["subscriptions"]} == {3}
    assert {one["customer"] for one in kept["invoices"]} == {*customers[::20]}
    assert {one["total"] for one in kept["invoices"]} == {6000}
    assert "Secret" not in "".join(file.read_text() for file in folder.glob("*.jsonl"))
