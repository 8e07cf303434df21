"""What comes in at the edges: odd ids, HEAD, proxies, slow connections, spreadsheets."""

from __future__ import annotations

import csv
import io
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import monotonic
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import pytest

from perdura.http_calls import seconds_to_wait
from perdura.risk.api import timeouts
from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk import session
from perdura.risk.store.connect import writing
from tests.risk.test_table import MARCH_1, put, score, scores
from tests.support.api_served import asking, at_work, token

TODAY = datetime.now(UTC).date()
ODD = (" ann ", "ann", "two\nlines", "ends\n", "\ttab", "a/b", "sla/sh/", "q?x=1#y", "%41")
PEOPLE = tuple(score(who, 0.3 + n / 100, mrr=100 + n) for n, who in enumerate(ODD))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('edges')}/risk.db"
    put(scores(*PEOPLE), url, TODAY)
    return url


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[httpx.Client]:
    with asking(url, "read", "contact", per_second=10_000, burst=10_000) as client:
        client.cookies.set(session.SESSION, client.headers["authorization"].split()[1])
        yield client


@pytest.mark.parametrize("who", ODD)
def test_page_and_api_know_the_same_ids(api, who):
    mrr = 100 + ODD.index(who)
    now = api.get(f"/v1/subscribers/{quote(who, safe='')}").json()["now"]
    assert (now["subscriber_id"], now["mrr"]) == (who, mrr)
    text = api.get("/desk/subscriber", params={"id": who}).text
    assert f"<dt>Pays a month</dt><dd>€{mrr / 100:.2f}" in text
    assert api.get("/desk/find", params={"id": who}).headers["location"] == (
        "/desk/subscriber?" + str(httpx.QueryParams({"id": who}))
    )
    listed = re.findall(r'href="(/desk/subscriber\?id=[^"]*)" data-person', api.get("/desk").text)
    assert any(f"€{mrr / 100:.2f}" in api.get(path).text for path in listed)
    told = {"contact_id": str(uuid4()), "subscriber_id": who, "action": "called"}
    assert api.post("/v1/contacts", json=told).json()["contact"]["subscriber_id"] == who


def test_an_id_that_was_typed_may_have_spaces_around_it(api):
    found = api.get("/desk/find", params={"id": "  a/b "}).headers["location"]
    assert found == "/desk/subscriber?id=a%2Fb"


def test_an_id_that_is_like_a_known_one_is_another(api):
    assert api.get("/v1/subscribers/%20ann").status_code == 404
    assert api.get("/desk/subscriber", params={"id": " ann"}).status_code == 404


def test_a_contact_about_an_unknown_id_says_so(api):
    told = {"contact_id": str(uuid4()), "subscriber_id": "typo", "action": "called"}
    assert api.post("/v1/contacts", json=told).json()["known"] is False
    told |= {"contact_id": str(uuid4()), "subscriber_id": "ann"}
    assert api.post("/v1/contacts", json=told).json()["known"] is True
    page = api.get("/desk/subscriber?id=ann").text
    form = {
        "csrf": re.findall(r'csrf" value="(\w+)"', page)[0],
        "contact_id": str(uuid4()),
        "action": "called",
    }
    answer = api.post("/desk/contact?id=typo", data=form, headers={"HX-Request": "true"})
    assert "Call logged. This customer is not in the latest scores" in answer.text
    assert 'id="done"' in answer.text


@pytest.mark.parametrize(
    "when", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1989-12-31T23:59:59Z"]
)
def test_a_contact_long_ago_is_a_mistake(api, when):
    told = {"subscriber_id": "ann", "action": "called", "happened_at": when}
    refused = api.post("/v1/contacts", json=told | {"contact_id": str(uuid4())})
    assert (refused.status_code, "1990" in refused.json()["found"]) == (422, True)
    told |= {"happened_at": "1990-01-01T00:00:00Z", "contact_id": str(uuid4())}
    assert api.post("/v1/contacts", json=told).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/v1/health", "/v1/current", "/v1/subscribers/ann", "/v1/freshness", "/v1/openapi.json",
     "/v1/export?format=ndjson", "/v1/export?format=parquet", "/v1/subscribers/nobody", "/desk",
     "/desk/lead", "/desk/subscriber?id=ann", "/desk/sign-in", "/desk/static/desk.css", "/", "/x"],
)  # fmt: skip
def test_head_answers_as_get_without_a_body(api, path):
    got, head = api.get(path), api.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    same = ("content-type", "content-length", "etag", "location", "content-disposition")
    assert {n: head.headers.get(n) for n in same} == {n: got.headers.get(n) for n in same}


def test_head_of_many_exports_takes_no_place_for_good(api):
    assert [api.head("/v1/export").status_code for _ in range(10)] == [200] * 10


def test_staleness_is_told_without_a_token(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    with at_work(app_of(ApiSettings(url=url))) as base:
        assert httpx.get(f"{base}/v1/health", timeout=60).status_code == 503  # no database
        with writing(url):
            pass
        empty = {"status": "ok", "stale": True, "age_seconds": None, "no_data": True}
        assert httpx.get(f"{base}/v1/health", timeout=60).json() == empty
        put(scores(*PEOPLE), url, MARCH_1)
        old = httpx.get(f"{base}/v1/health", timeout=60).json()
        assert (old["stale"], old["no_data"], old["age_seconds"] > 86_400) == (True, False, True)
        put(scores(*PEOPLE), url, TODAY)
        new = httpx.get(f"{base}/v1/health", timeout=60).json()
        yesterday_too = 2 * 86_400  # the night of this import, read past midnight
        assert (new["stale"], new["age_seconds"] < yesterday_too) == (False, True)


def test_retry_after_is_a_number_or_a_date():
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def wait(said: str | None) -> float:
        return seconds_to_wait(said, most=3_600, now=now.timestamp())

    assert wait("120") == wait(" 120 ") == 120
    assert wait(format_datetime(now + timedelta(seconds=90), usegmt=True)) == 90
    assert wait("Friday, 27-Nov-26 12:01:30 GMT") == 90  # RFC 850, which may still come
    assert wait(format_datetime(now - timedelta(days=1), usegmt=True)) == 0
    assert wait(format_datetime(now + timedelta(days=1), usegmt=True)) == 3_600
    assert [wait(said) for said in (None, "", "soon", "-5", "²", "Fri, 99 Nov 2026 x")] == [0] * 6


PUBLIC = "https://support.example/perdura"


@pytest.mark.parametrize("passed_on", [True, False])
def test_below_a_path_and_behind_a_proxy_elsewhere(url, passed_on):
    """The proxy speaks https to browsers, http to us, and names another host to us."""
    held = token(url, "read", "contact", name=f"proxied {passed_on}")
    before = "/perdura" if passed_on else ""
    with (
        at_work(app_of(ApiSettings(url=url, public_url=PUBLIC))) as base,
        httpx.Client(base_url=base + before, timeout=60) as client,
    ):
        for path in ("/", "/desk"):
            to = client.get(path).headers["location"]
            assert to.startswith("/perdura/desk")
        page = client.get("/desk/sign-in?to=/perdura/desk/lead")
        assert page.headers["strict-transport-security"]
        cookie = page.headers["set-cookie"]
        assert "Path=/perdura/desk" in cookie
        assert "Secure" in cookie
        form = {
            "token": held,
            "to": re.findall(r'name="to" value="([^"]*)"', page.text)[0],
            "csrf": re.findall(r'csrf" value="(\w+)"', page.text)[0],
        }
        by_browser = {"Origin": "https://support.example", "Cookie": cookie.split(";")[0]}
        entered = client.post("/desk/sign-in", data=form, headers=by_browser)
        assert (entered.status_code, entered.headers["location"]) == (303, "/perdura/desk/lead")
        other = by_browser | {"Origin": "https://evil.example"}
        assert client.post("/desk/sign-in", data=form, headers=other).status_code == 403
        signed_in = {"Cookie": f"{session.SESSION}={held}"}
        for path in ("/desk", "/desk/lead", "/desk/subscriber?id=ann", "/desk/subscriber?id=x"):
            text = client.get(path, headers=signed_in).text
            links = re.findall(r'(?:href|src|action|hx-get|hx-post)="(/[^"]*)"', text)
            assert links
            assert [link for link in links if not link.startswith("/perdura/")] == []
            for link in {urlsplit(link).path for link in links if "/static/" in link}:
                assert client.get(link.removeprefix("/perdura")).status_code == 200
        document = client.get("/v1/openapi.json").json()
        assert document["servers"] == [{"url": "/perdura"}]
        bearer = {"Authorization": f"Bearer {held}"}
        assert client.get("/v1/current", headers=bearer).status_code == 200
        assert client.get("/v1/current/", headers=bearer).headers["location"] == (
            "/perdura/v1/current"
        )


def answered(sent: bytes, base: str, more: bytes = b"", every: float = 0.2) -> tuple[bytes, float]:
    """What comes back before the connection is closed, and after how many seconds."""
    begun, parts = monotonic(), urlsplit(base)
    with socket.create_connection((parts.hostname, parts.port), timeout=every) as connection:
        connection.sendall(sent)
        got = b""
        while monotonic() - begun < 20:
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                try:
                    connection.sendall(more)
                except OSError:
                    break
                continue
            except OSError:
                break
            if not piece:
                break
            got += piece
    return got, monotonic() - begun


@pytest.fixture
def hurried(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(timeouts.HeadTimeout, "head_seconds", 1.0)
    monkeypatch.setattr(timeouts, "BODY_SECONDS", 1.0)
    with at_work(app_of(ApiSettings(url=url))) as base:
        yield base


@pytest.mark.parametrize(
    ("sent", "more"),
    [
        (b"", b""),  # nothing at all
        (b"GET /v1/health HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"),  # a head that never ends
        (b"G", b""),
        (b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/health HT", b""),  # the second one
    ],
)
def test_a_connection_that_sends_slowly_is_closed(hurried, sent, more):
    _, seconds = answered(sent, hurried, more)
    assert 0.9 < seconds < 5


def test_a_body_that_comes_slowly_is_refused(hurried, url):
    held = token(url, "contact", name="slow")
    head = f"POST /v1/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {held}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    got, seconds = answered(head.encode(), hurried, b" ")
    assert b" 408 " in got.splitlines()[0]
    assert seconds < 5
    form = "POST /desk/contact?id=ann HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nnote=a"
    got, seconds = answered(form.encode(), hurried, b"a")
    assert b" 408 " in got.splitlines()[0]


def test_a_connection_that_waits_for_its_next_request_is_kept(hurried):
    with httpx.Client(base_url=hurried, timeout=60) as client:
        for _ in range(2):
            assert client.get("/v1/health").status_code == 200
            answered(b"", hurried)  # as long as a new connection may be silent


def test_what_is_downloaded_is_safe_in_a_spreadsheet_unless_asked_otherwise(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    bad = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =1", "＝1"]  # noqa: RUF001
    people = [score(who, 0.3, plan=who, action_text=who) for who in [*bad, "plain", "a=b"]]
    put(scores(*people), url, TODAY)
    with asking(url, "read", burst=1_000) as client:
        safe = client.get("/v1/export").text
        rows = list(csv.DictReader(io.StringIO(safe, newline="")))
        texts = {row[name] for row in rows for name in ("subscriber_id", "plan", "action_text")}
        assert texts == {f"'{text}" for text in bad} | {"plain", "a=b"}
        assert {row["risk"] for row in rows} == {"0.3"}
        raw = client.get("/v1/export?raw=true").text
        rows = list(csv.DictReader(io.StringIO(raw, newline="")))
        assert {row["subscriber_id"] for row in rows} == {*bad, "plain", "a=b"}
