"""What the API answers, over real HTTP."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import polars as pl
import pytest
import sqlalchemy as sa

from perdura.risk.schema.recent import EVENTS
from perdura.risk.store.connect import writing
from tests.risk.test_table import MARCH_1, MARCH_2, put, score, scores
from tests.support.api_served import asking, module_store, token

NOW = datetime.now(UTC)
TODAY = NOW.date()
PEOPLE = (
    score("ann", 0.30, mrr=1000, held_out=True),
    score("bob", 0.20, mrr=9000, plan="=1+1"),
    score("<i>o'%/☕", 0.10, mrr=100),
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with module_store(request, tmp_path_factory) as url:
        _fill(url)
        yield url


def _fill(url: str) -> None:
    put(scores(*PEOPLE), url, TODAY - timedelta(days=1))
    put(scores(*PEOPLE), url, TODAY, degraded=["payments"])
    with writing(url) as connection:
        told = {"happened_at": NOW, "known_at": NOW, "source": "payments", "kind": "failed"}
        row = {"subscriber_id": "bob", "number": 0, "amount": 9000, "currency": "EUR"} | told
        connection.execute(sa.insert(EVENTS).values(row))


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[httpx.Client]:
    with asking(url, "read", "contact", "admin", per_second=10_000, burst=10_000) as client:
        yield client


def contact(who: str, action: str = "called", **others: object) -> dict[str, object]:
    return {"contact_id": str(uuid4()), "subscriber_id": who, "action": action, **others}


def test_the_list_is_worth_first_and_says_how_fresh_it_is(api):
    told = api.get("/v1/current")
    assert [row["subscriber_id"] for row in told.json()["rows"]] == ["bob", "<i>o'%/☕"]
    fresh = told.json()["freshness"]
    assert (fresh["as_of"], fresh["stale"], fresh["degraded"]) == (
        f"{TODAY}T00:00:00Z",
        False,
        ["payments"],
    )
    assert told.headers["Perdura-As-Of"] == fresh["as_of"]
    assert (told.headers["Perdura-Stale"], told.headers["Perdura-Degraded"]) == (
        "false",
        "payments",
    )


def test_an_old_night_is_said_to_be_stale(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(scores(*PEOPLE), url, MARCH_1)
    with asking(url, "read") as api:
        for path in ("/v1/current", "/v1/subscribers/ann", "/v1/moves", "/v1/freshness"):
            told = api.get(path)
            assert told.json()["freshness"]["stale"] is True
            assert told.headers["Perdura-Stale"] == "true"
        assert api.get("/v1/export").headers["Perdura-Stale"] == "true"


def test_pages_follow_their_cursors(api):
    first = api.get("/v1/current", params={"size": 2, "sort": "risk"}).json()
    asked = {"size": 2, "sort": "risk", "cursor": first["next"]}
    second = api.get("/v1/current", params=asked).json()
    assert [row["rank"] for row in first["rows"] + second["rows"]] == [1, 2, 3]
    assert second["next"] is None


def test_an_answer_is_not_sent_again_until_the_night_changes(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(scores(*PEOPLE), url, MARCH_1)
    with asking(url, "read", "contact") as api:
        for path in ("/v1/current?size=2", "/v1/subscribers/ann", "/v1/export", "/v1/moves"):
            tag = api.get(path).headers["ETag"]
            again = api.get(path, headers={"If-None-Match": f'"x", {tag}'})
            assert (again.status_code, again.content) == (304, b"")
            assert api.get(f"{path}", headers={"If-None-Match": '"x"'}).status_code == 200
        tag = api.get("/v1/subscribers/bob").headers["ETag"]
        assert api.post("/v1/contacts", json=contact("bob")).status_code == 200
        held = {"If-None-Match": tag}
        assert api.get("/v1/subscribers/bob", headers=held).status_code == 200
        tag = api.get("/v1/current").headers["ETag"]
        for people in (PEOPLE, PEOPLE[:2]):  # another night, and the same day again
            put(scores(*people), url, MARCH_2)
            told = api.get("/v1/current", headers={"If-None-Match": tag})
            assert told.status_code == 200
            tag = told.headers["ETag"]


def test_one_subscriber_with_history_events_and_contacts(api):
    logged = api.post("/v1/contacts", json=contact("bob", note="<b>'; DROP TABLE risk;--"))
    assert logged.status_code == 200
    told = api.get("/v1/subscribers/bob").json()
    assert told["now"]["expected_loss"] == 1800
    assert [night["risk"] for night in told["history"]] == [0.2, 0.2]
    assert [event["kind"] for event in told["events"]] == ["failed"]
    assert told["contacts"] == [logged.json()["contact"]]
    assert told["contacts"][0]["note"] == "<b>'; DROP TABLE risk;--"


def test_contacts_are_written_once_and_can_be_taken_back(api):
    asked = contact("cid", happened_at="2026-03-01T10:00:00+01:00")
    first, again = (api.post("/v1/contacts", json=asked).json()["contact"] for _ in range(2))
    assert first == again
    assert (first["happened_at"], first["by"]) == ("2026-03-01T09:00:00Z", "read-contact-admin")
    other = api.post("/v1/contacts", json=asked | {"action": "mailed"})
    assert (other.status_code, other.json()["found"][:7]) == (409, "contact")
    undone = api.post(f"/v1/contacts/{first['contact_id']}/undo")
    assert undone.json()["contact"]["undone_at"]
    assert api.post(f"/v1/contacts/{uuid4()}/undo").status_code == 404


@pytest.mark.parametrize("action", ["called", "mailed", "offered"])
def test_the_control_group_is_not_contacted_unless_forced_with_a_reason(api, action):
    asked = contact("ann", action)
    refused = api.post("/v1/contacts", json=asked)
    assert refused.status_code == 409
    assert "control group" in refused.json()["found"]
    assert api.post("/v1/contacts", json=asked | {"force": True}).status_code == 422
    forced = api.post("/v1/contacts", json=asked | {"force": True, "reason": "They called"})
    assert forced.json()["contact"]["forced"] is True
    assert forced.json()["contact"]["reason"] == "They called"


def test_the_control_group_is_not_in_the_list_of_whom_to_contact(api):
    def who(**asked: object) -> set[str]:
        rows = api.get("/v1/current", params=asked).json()["rows"]
        return {row["subscriber_id"] for row in rows}

    assert "ann" not in who()
    assert who(held_out=True) == {"ann"}
    assert "ann" in who(sort="risk") & who(sort="id")


def test_a_currency_may_be_in_small_letters(api):
    small, large = (
        api.get("/v1/current", params={"currency": code, "sort": "risk"}) for code in ("eur", "EUR")
    )
    assert small.json()["rows"] == large.json()["rows"] != []


def test_nobody_undoes_another_s_contact_but_with_admin(api, url):
    ben = {"Authorization": f"Bearer {token(url, 'read', 'contact', name='ben')}"}
    theirs = api.post("/v1/contacts", json=contact("bob")).json()["contact"]["contact_id"]
    bens = api.post("/v1/contacts", json=contact("bob"), headers=ben).json()["contact"][
        "contact_id"
    ]
    refused = api.post(f"/v1/contacts/{theirs}/undo", headers=ben)
    assert (refused.status_code, "another token" in refused.json()["found"]) == (403, True)
    assert api.post(f"/v1/contacts/{bens}/undo").status_code == 200  # admin
    bens = api.post("/v1/contacts", json=contact("bob"), headers=ben).json()["contact"][
        "contact_id"
    ]
    assert api.post(f"/v1/contacts/{bens}/undo", headers=ben).status_code == 200


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_exports_hold_everybody_and_every_column(api, kind):
    got = api.get("/v1/export", params={"format": kind})
    read = {
        "csv": lambda body: list(csv.DictReader(io.StringIO(body.decode()))),
        "ndjson": lambda body: [json.loads(line) for line in body.splitlines()],
        "parquet": lambda body: pl.read_parquet(io.BytesIO(body)).to_dicts(),
    }[kind](got.content)
    listed = api.get("/v1/current", params={"sort": "id"}).json()["rows"]
    assert [row["subscriber_id"] for row in read] == ["<i>o'%/☕", "ann", "bob"]
    assert set(read[0]) == set(listed[0])
    reasons = read[0]["reasons"]
    assert (reasons if kind == "ndjson" else json.loads(reasons)) == listed[0]["reasons"]
    assert float(read[2]["risk"]) == 0.2
    if kind == "ndjson":
        assert read == listed
    assert f'"perdura-{TODAY}.{kind}"' in got.headers["Content-Disposition"]


def test_exports_take_filters(api):
    lines = api.get("/v1/export", params={"band": "high"}).text.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["subscriber_id", "ann"]
    assert len(api.get("/v1/export", params={"plan": "none"}).text.splitlines()) == 1
    assert api.get("/v1/export", params={"plan": "none", "format": "ndjson"}).content == b""


def test_browsers_are_told_to_be_careful(api):
    told = api.get("/v1/current").headers
    policy = told["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in told  # it came by plain http
    behind = api.get("/v1/health", headers={"X-Forwarded-Proto": "https"}).headers
    assert behind["Strict-Transport-Security"] == "max-age=31536000"


def test_scripts_of_other_pages_may_ask_only_where_they_are_named(api, url):
    elsewhere = {"Origin": "https://desk.example"}
    assert "Access-Control-Allow-Origin" not in api.get("/v1/health", headers=elsewhere).headers
    with asking(url, "admin", cors_origins=("https://desk.example",)) as named:
        told = named.get("/v1/health", headers=elsewhere).headers
        assert told["Access-Control-Allow-Origin"] == "https://desk.example"
        other = {"Origin": "https://other.example"}
        assert "Access-Control-Allow-Origin" not in named.get("/v1/health", headers=other).headers


def test_health_takes_no_token_and_names_nobody(api):
    told = httpx.get(f"{api.base_url}/v1/health", timeout=60)
    assert told.status_code == 200
    assert {**told.json(), "age_seconds": 0} == {
        "status": "ok",
        "stale": False,
        "age_seconds": 0,
        "no_data": False,
    }


def test_every_route_is_documented_with_examples_that_are_true(api):
    document = httpx.get(f"{api.base_url}/v1/openapi.json", timeout=60).json()
    for path, methods in document["paths"].items():
        for route in methods.values():
            assert route["description"], path
            assert "example" in json.dumps(route["responses"]["200"]["content"]), path
    examples = document["paths"]["/v1/current"]["get"]["responses"]["200"]["content"]
    row = examples["application/json"]["example"]["rows"][0]
    assert set(row) == set(api.get("/v1/current").json()["rows"][0])


def test_a_token_with_admin_reads_who_read_whom(api, url):
    other = {"Authorization": f"Bearer {token(url, 'read', name='reader')}"}
    for path in ("/v1/subscribers/nobody", "/v1/current?size=500&sort=id", "/v1/subscribers/ann"):
        api.get(path, headers=other)
    found = until_told(api, "ann", by="reader")
    assert [row["what"] for row in found] == ["subscriber", "list"]  # newest first
    assert "ann" in found[1]["detail"]["people"]
    # Of whom nothing is known nothing is kept: they may have been forgotten.
    assert audited(api, "nobody") == []


def until_told(api: httpx.Client, who: str, *, by: str) -> list[dict[str, Any]]:
    """What somebody has read of a subscriber, once the last of it is written: soon."""
    until = monotonic() + 20
    while True:
        found = [row for row in audited(api, who) if row["token_name"] == by]
        if found and found[0]["what"] == "subscriber":
            return found
        assert monotonic() < until
        sleep(0.2)


def audited(api: httpx.Client, who: str) -> list[dict[str, Any]]:
    rows = api.get("/v1/audit", params={"subscriber_id": who}).json()["rows"]
    return [row for row in rows if row["what"] != "audit"]
