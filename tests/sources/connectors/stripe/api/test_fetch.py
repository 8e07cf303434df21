"""Lists read page after page: through faults, stops and changes nothing is lost or kept twice."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.http_calls import RequestPace
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.stripe.api.fetch import Fetched, Lists
from perdura.sources.connectors.stripe.api.narrowed import Narrowing
from perdura.sources.connectors.stripe.api.store import StripeStore
from perdura.sources.connectors.web import Web
from tests.support.replay import Answer, served
from tests.support.stripe_exports import at, invoice, item, line, price, subscription
from tests.support.stripe_replay import LIVE_KEY, StripeAccount

BEGAN = at("2026-01-01")


def customer(number: int, created: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": f"cus_{number:03}",
        "created": BEGAN + (created or number),
        "livemode": True,
        "metadata": {},
        **more,
    }


class Run:
    """Runs of a connector into one folder."""

    def __init__(self, folder: Path, account: StripeAccount, url: str) -> None:
        self.folder, self.account, self.url = folder, account, url
        self.waited: list[float] = []
        self.narrowing = Narrowing()
        self.on_objects: Callable[[str, int], object] = lambda _kind, _count: None

    def fetch(self, *kinds: str) -> Fetched:
        pace = RequestPace(1e9, wait=self.waited.append)
        headers = {"authorization": f"Bearer {LIVE_KEY}"}
        with Web(self.url, headers, pace, rights="all") as web:
            web.get("/v1/account", {})
            store = StripeStore(self.folder, "acct_1", livemode=True)
            return Lists(web, store, self.narrowing, self.on_objects).fetch(kinds)

    def ids(self, kind: str) -> list[str]:
        """What the store has, in the order of its files."""
        return [one["id"] for one in self.objects(kind)]

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return stored(self.folder, kind)


def stored(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The objects of a kind in a store, in the order of its files."""
    return [
        json.loads(text)
        for file in sorted(folder.glob(f"{kind}-*.jsonl"))
        for text in file.read_text().splitlines()
    ]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    account = StripeAccount({"customers": [customer(number) for number in range(1, 8)]})
    with served(account) as url:
        yield Run(tmp_path / "store", account, url)


ALL = [f"cus_{number:03}" for number in range(1, 8)]


@pytest.mark.parametrize(
    "faults",
    [
        [Answer(429, headers={"retry-after": "3"})] * 5,
        [Answer(500), Answer(502), Answer(503), Answer(504)],
        [Answer(body=b'{"data": [{"id": "cus_0')],
        [Answer(body=b'{"object": "list", "data": []}', cut=9)] * 2,
        [Answer(body=b"<html>maintenance</html>")],
        [Answer(429), Answer(500), Answer(cut=2, body=b"{}"), Answer(429)],
    ],
    ids=["429", "5xx", "cut JSON", "dropped", "HTML", "all of it"],
)
def test_faults_that_pass_are_waited_for(run: Run, faults: Sequence[Answer]):
    run.account.on_request = lambda number: run.account.faults.extend(faults if number == 3 else ())
    run.fetch("customers")
    assert sorted(run.ids("customers")) == ALL
    assert len([one for one in run.waited if one > 0.4]) == len(faults)
    assert (3 in run.waited) == (faults[0].headers != {})


def test_a_storm_that_does_not_pass_ends_the_run_and_the_next_goes_on(run: Run):
    storm = [Answer(503)] * 8
    run.account.on_request = lambda number: run.account.faults.extend(storm if number == 4 else ())
    with pytest.raises(Unavailable, match="503 to /v1/customers 8 times; what was fetched before"):
        run.fetch("customers")
    assert not run.ids("customers")
    run.account.requests.clear()
    run.account.on_request = lambda _number: None
    run.fetch("customers")
    assert sorted(run.ids("customers")) == ALL
    assert run.account.asked("customers")[0]["starting_after"] == "cus_004"


@settings(max_examples=15, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    changes=st.lists(
        st.tuples(st.integers(2, 12), st.sampled_from(["create", "delete"]), st.integers(0, 11)),
        max_size=4,
    ),
    stops=st.lists(st.integers(2, 12), max_size=2),
)
def test_whatever_is_created_deleted_or_stopped_in_between_nothing_is_lost_or_twice(
    seconds: list[int], changes: list[tuple[int, str, int]], stops: list[int]
):
    """The rest of the account, which was there from the beginning to the end, is there once."""
    stays = {f"cus_{number:03}" for number in range(1, len(seconds) + 1)}
    account = StripeAccount(
        {"customers": [customer(n, 1 + second) for n, second in enumerate(seconds, start=1)]}
    )
    there = account.objects["customers"]

    now = int(datetime.now(UTC).timestamp())

    def change(number: int) -> None:
        for at_request, what, which in {*changes}:
            if at_request != number:
                continue
            if what == "create":
                there.append(customer(100 + number * 20 + which, now - BEGAN))
            elif there:
                stays.discard(there.pop(which % len(there))["id"])

    account.on_request = change
    with TemporaryDirectory() as folder, served(account) as url:
        run = Run(Path(folder) / "store", account, url)

        def stop(_kind: str, _count: int) -> None:
            if len(account.requests) in stops:
                raise KeyboardInterrupt

        run.on_objects = stop
        for _ in range(1 + len(stops)):
            try:
                run.fetch("customers")
                break
            except KeyboardInterrupt:
                continue
        else:
            run.on_objects = lambda _kind, _count: None
            run.fetch("customers")
        ids = run.ids("customers")
        assert len(ids) == len({*ids})
        assert stays <= {*ids}
        account.on_request = lambda _number: None
        run.on_objects = lambda _kind, _count: None
        run.fetch("customers")
        assert sorted(run.ids("customers")) == sorted(one["id"] for one in there)


def test_what_is_created_while_a_list_is_read_is_there_at_its_end(run: Run):
    late = customer(9, int(datetime.now(UTC).timestamp()) + 1 - BEGAN)

    def create(number: int) -> None:
        if number == 4:
            run.account.objects["customers"].append(late)

    run.account.on_request = create
    run.fetch("customers")
    assert sorted(run.ids("customers")) == [*ALL, "cus_009"]


def test_after_a_deleted_cursor_those_of_the_same_second_are_not_passed_over(run: Run):
    run.account.objects["customers"] = [customer(number, 5) for number in range(1, 8)]

    def delete(number: int) -> None:
        if number == 3:  # the last of the first page
            del run.account.objects["customers"][1]

    run.account.on_request = delete
    run.fetch("customers")
    assert sorted({*run.ids("customers")} | {"cus_002"}) == ALL


@pytest.mark.parametrize("beyond", [b'{"id": "cus_9', b'{"id": "cus_999"}\n'])
def test_what_stands_beyond_the_place_of_a_stop_is_cut_off(run: Run, beyond: bytes):
    def stop(_kind: str, count: int) -> None:
        if count == 4:
            raise KeyboardInterrupt

    run.on_objects = stop
    with pytest.raises(KeyboardInterrupt):
        run.fetch("customers")
    with (run.folder / "unfinished" / "customers.jsonl").open("ab") as lines:
        lines.write(beyond)
    run.on_objects = lambda _kind, _count: None
    run.fetch("customers")
    assert sorted(run.ids("customers")) == ALL
    assert not (run.folder / "unfinished").exists()


@pytest.mark.parametrize(("hours", "again"), [(5, False), (7, True)])
def test_lists_that_a_stopped_run_has_read_are_read_again_after_some_hours(
    run: Run, hours: int, again: bool
):
    def stop(kind: str, _count: int) -> None:
        if kind == "refunds":
            raise KeyboardInterrupt

    run.on_objects, run.account.clock = stop, lambda: datetime(2026, 2, 1, tzinfo=UTC)
    with pytest.raises(KeyboardInterrupt):
        run.fetch("customers", "refunds")
    run.on_objects = lambda _kind, _count: None
    for later, asks in [(hours, again), (hours, True)]:  # the second is a run of its own
        run.account.clock = lambda later=later: datetime(2026, 2, 1, later, tzinfo=UTC)
        run.account.requests.clear()
        run.fetch("customers", "refunds")
        assert bool(run.account.asked("customers")) == asks
    assert sorted(run.ids("customers")) == ALL


@pytest.mark.parametrize("name", ["customers.jsonl", "state.json"])
def test_a_list_whose_draft_is_lost_is_read_anew(run: Run, name: str):
    def stop(_kind: str, count: int) -> None:
        if count == 4:
            raise KeyboardInterrupt

    run.on_objects = stop
    with pytest.raises(KeyboardInterrupt):
        run.fetch("customers")
    (run.folder / "unfinished" / name).write_bytes(b"{")
    run.on_objects = lambda _kind, _count: None
    run.fetch("customers")
    assert sorted(run.ids("customers")) == ALL


def test_a_list_that_was_begun_days_ago_is_begun_anew(run: Run):
    def stop(_kind: str, count: int) -> None:
        if count == 4:
            raise KeyboardInterrupt

    run.on_objects, run.account.clock = stop, lambda: datetime(2026, 2, 1, tzinfo=UTC)
    with pytest.raises(KeyboardInterrupt):
        run.fetch("customers")
    run.on_objects = lambda _kind, _count: None
    run.account.clock = lambda: datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=3)
    run.account.requests.clear()
    run.fetch("customers")
    assert "starting_after" not in run.account.asked("customers")[0]


def test_lists_inside_objects_are_read_to_their_end(run: Run):
    pro = price("pro", 100)
    lines = [line(pro, 100 + n, "2026-01-05", "2026-02-05", of="a", id=f"il_{n}") for n in range(5)]
    bill = invoice("a", 1, "2026-01-05", lines)
    bill["lines"] = {"data": lines[:1], "has_more": True}
    bill["all_lines"] = lines
    many = subscription("a", [])
    many["items"] = {"data": [], "has_more": True}
    run.account.objects |= {
        "invoices": [bill],
        "subscriptions": [many],
        "subscription_items": [{"id": f"si_{n}", "created": n, **item(pro)} for n in range(5)],
    }
    run.fetch("invoices", "subscriptions")
    kept = run.objects("invoices")[0]["lines"]
    assert [one["amount"] for one in kept["data"]] == [100, 101, 102, 103, 104]
    assert kept["has_more"] is False
    assert len(run.objects("subscriptions")[0]["items"]["data"]) == 5
    assert run.account.asked("subscription_items")[0]["subscription"] == "sub_a"


def test_events_that_the_api_forgets_stay(run: Run):
    run.account.objects["events"] = [{"id": "evt_1", "type": "x", "created": BEGAN, "data": {}}]
    run.fetch("events")
    run.account.objects["events"] = [
        {"id": "evt_2", "type": "x", "created": int(datetime.now(UTC).timestamp()), "data": {}}
    ]
    run.fetch("events")
    assert sorted(run.ids("events")) == ["evt_1", "evt_2"]
    run.narrowing = Narrowing(frozenset({"user"}))  # all are read again
    run.fetch("events")
    assert sorted(run.ids("events")) == ["evt_1", "evt_2"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"object": "list"}', "holds no list 'data'; it has object. Was the API changed"),
        (b'{"data": [{"created": 1}]}', "holds an object without id"),
        (b'{"data": [{"id": "../../x"}]}', "holds an object without id"),
        (b'{"data": [], "has_more": true}', "names the same page again"),
    ],
)
def test_pages_that_are_none_end_the_run(run: Run, body: bytes, says: str):
    run.account.on_request = lambda number: run.account.faults.extend(
        [Answer(body=body)] if number == 2 else ()
    )
    with pytest.raises(Unavailable, match=says):
        run.fetch("customers")


def test_where_the_api_cannot_expand_ids_are_taken(run: Run):
    refusal = b'{"error": {"param": "expand[0]", "message": "cannot be expanded"}}'
    run.account.on_request = lambda number: run.account.faults.extend(
        [Answer(400, refusal)] if number == 2 else ()
    )
    run.fetch("customers")
    assert sorted(run.ids("customers")) == ALL
    assert all("expand[]" not in asked for asked in run.account.asked("customers")[1:])
