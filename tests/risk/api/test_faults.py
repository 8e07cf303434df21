"""Bad input and bad days: nobody comes in who should not, nothing breaks, nothing is mixed up."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote
from uuid import uuid4

import httpx
import psutil
import pytest

from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.api.rate_limit import RateLimit
from perdura.risk.records.audit import newest
from perdura.risk.records.contacts import contacts_of
from perdura.risk.records.tokens import revoke
from perdura.risk.store.connect import reading, writing
from tests.risk.test_table import put, score, scores
from tests.support.api_served import asking, at_work, module_store, token
from tests.support.postgres import Server

ODD = ("o'brien", '"', "100%", "%41", "a/b", "--;", "../x", "<script>", "☕", "a b", "\\", "%s{}")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with module_store(request, tmp_path_factory) as url:
        put(scores(*(score(who, 0.3) for who in ("ann", *ODD))), url)
        yield url


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[httpx.Client]:
    with asking(url, "read", "contact", per_second=10_000, burst=10_000) as client:
        yield client


def is_problem(told: httpx.Response, status: int) -> bool:
    kind = told.headers["Content-Type"]
    assert (told.status_code, kind) == (status, "application/problem+json"), told.text
    return all(told.json()[name] for name in ("asked", "found", "todo"))


READS = ("/v1/current", "/v1/moves", "/v1/subscribers/ann", "/v1/export", "/v1/freshness")


@pytest.mark.parametrize("path", [*READS, "/v1/audit"])
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer perdura_a_b"]
)
def test_without_a_token_that_is_known_nothing_is_told(api, path, header):
    headers = {} if header is None else {"Authorization": header}
    told = httpx.get(f"{api.base_url}{path}", headers=headers, timeout=60)
    assert is_problem(told, 401)
    assert told.headers["WWW-Authenticate"].startswith("Bearer")
    assert "ann" not in told.text.replace(path, "")


def test_a_revoked_token_is_refused_at_once(api, url):
    held = {"Authorization": f"Bearer {token(url, 'read', name='leaver')}"}
    assert httpx.get(f"{api.base_url}/v1/current", headers=held, timeout=60).status_code == 200
    with writing(url) as connection:
        revoke(connection, "leaver")
    assert is_problem(httpx.get(f"{api.base_url}/v1/current", headers=held, timeout=60), 401)


def test_a_token_opens_only_what_its_scopes_name(api, url):
    asked = {"contact_id": str(uuid4()), "subscriber_id": "ann", "action": "called"}
    for scope, status in (("read", 403), ("admin", 403), ("contact", 200)):
        held = {"Authorization": f"Bearer {token(url, scope, name=f'only {scope}')}"}
        told = httpx.post(f"{api.base_url}/v1/contacts", json=asked, headers=held, timeout=60)
        assert told.status_code == status
        readable = httpx.get(f"{api.base_url}/v1/current", headers=held, timeout=60).status_code
        assert readable == (200 if scope == "read" else 403)
    assert is_problem(api.get("/v1/audit"), 403)
    assert 'scope="admin"' in api.get("/v1/audit").headers["WWW-Authenticate"]


@pytest.mark.parametrize("who", ODD)
def test_ids_are_only_text(api, who):
    path = f"/v1/subscribers/{quote(who, safe='')}"
    told = api.get(path) if who != "../x" else _raw(api, path)
    assert told.json()["subscriber_id"] == who
    assert told.json()["now"]["risk"] == 0.3
    found = api.get("/v1/current", params={"prefix": who, "sort": "id"}).json()["rows"]
    assert [row["subscriber_id"] for row in found] == [who]


def _raw(api: httpx.Client, path: str) -> httpx.Response:
    """Asked as written: httpx leaves an escaped slash as it is, but not the dots before it."""
    target = httpx.URL(str(api.base_url), raw_path=path.encode())
    return api.send(api.build_request("GET", target))


@pytest.mark.parametrize(
    "who", ["nobody", "%00", "a%00b", "x" * 10_000, "%ff%fe", "%ED%B3%A9", "' OR '1'='1"]
)
def test_ids_of_nobody_find_nobody(api, who):
    for told in (api.get(f"/v1/subscribers/{who}"), api.get(f"/v1/current?prefix={who}")):
        assert told.status_code in (200, 404, 422)
        assert len(told.content) < 2_000
        assert told.status_code != 200 or told.json()["rows"] == []


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"contact_id": "1"}',
        b'{"subscriber_id": "\\u0000"}',
        b'{"subscriber_id": "\\ud800"}',
        b'{"happened_at": "0001-01-01T00:00:00+14:00"}',
        b'{"happened_at": "9999-12-31T23:59:59-14:00"}',
        b'{"happened_at": 1e400}',
        b'{"note": "\\u0000"}',
        b'{"note": "\\ud800"}',
        b'{"action": "fired"}',
        b'{"more": 1}',
    ],
)
def test_a_contact_that_is_none_is_refused_in_words(api, asked):
    whole = {"contact_id": str(uuid4()), "subscriber_id": "ann", "action": "called"}
    if asked[:2] == b'{"':
        names = re.findall(rb'^{"(\w+)"', asked)
        kept = (f'"{k}": "{v}"' for k, v in whole.items() if k.encode() not in names)
        asked = asked[:-1] + b", " + ", ".join(kept).encode() + b"}"
    told = api.post("/v1/contacts", content=asked, headers={"Content-Type": "application/json"})
    assert told.status_code in (400, 422), told.text
    assert is_problem(told, told.status_code)


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=" + "A" * 4_000,
        "cursor=%00",
        "cursor=' OR 1=1",
        "size=0",
        "size=501",
        "size=1e9",
        "band=HIGH",
        "minimum=10",
        "minimum=99999999999999999999&currency=EUR",
        "currency=euro",
        "prefix=%00",
        "sort=risk; DROP TABLE risk",
        "limit=5",
        "&".join(f"plan=p{n}" for n in range(100)),
    ],
)
def test_questions_that_make_no_sense_are_refused_in_words(api, query):
    told = api.get(f"/v1/current?{query}")
    assert told.status_code in (400, 422)
    assert is_problem(told, told.status_code)


def test_a_cursor_that_was_tampered_with_is_refused(api):
    after = api.get("/v1/current?size=2").json()["next"]
    for place in range(0, len(after), 7):
        changed = after[:place] + ("A" if after[place] != "A" else "B") + after[place + 1 :]
        told = api.get("/v1/current", params={"size": 2, "cursor": changed})
        assert is_problem(told, 400)


def test_nothing_but_what_there_is(api):
    assert is_problem(api.get("/nope"), 404)
    assert is_problem(api.delete("/v1/current"), 405)
    assert is_problem(api.get("/docs"), 404)


@pytest.mark.parametrize("told_length", [True, False])
def test_a_body_of_50_mb_is_refused_without_being_read(api, told_length):
    here = psutil.Process()
    before = here.memory_info().rss
    piece = b"x" * 100_000
    body = (piece for _ in range(500))
    headers = {"Content-Length": "50000000"} if told_length else {}
    told = api.post("/v1/contacts", content=body, headers=headers)
    assert is_problem(told, 413)
    assert here.memory_info().rss - before < 20_000_000
    assert api.get("/v1/current").status_code == 200


def test_a_token_that_asks_too_often_is_told_when_to_come_again(url):
    with asking(url, "read", per_second=0.5, burst=3) as api:
        told = [api.get("/v1/freshness") for _ in range(4)]
        assert [each.status_code for each in told] == [200, 200, 200, 429]
        assert is_problem(told[-1], 429)
        assert 1 <= int(told[-1].headers["Retry-After"]) <= 2
        assert api.get("/v1/health").status_code == 200  # takes no token


def test_a_bucket_fills_with_time_and_each_token_has_its_own():
    now = 0.0
    rates = RateLimit(per_second=2, burst=2, clock=lambda: now)
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 0.5]
    assert rates.wait("b") == 0
    now = 0.5
    assert [rates.wait("a"), rates.wait("a")] == [0, 0.5]
    now = 100.0
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 0.5]


def test_while_the_database_is_away_it_says_so_and_when_it_is_back_it_serves(tmp_path):
    url, file = f"sqlite:///{tmp_path}/risk.db", tmp_path / "risk.db"
    put(scores(score("ann", 0.3)), url)
    with asking(url, "read") as api:
        assert api.get("/v1/current").status_code == 200
        away = {each: each.rename(f"{each}.away") for each in tmp_path.glob("risk.db*")}
        for path in ("/v1/health", *READS):
            told = api.get(path)
            assert is_problem(told, 503)
            assert int(told.headers["Retry-After"]) > 0
            assert str(tmp_path) not in told.text
        sleep(1.5)  # the audit has something to write by now
        assert not file.exists()  # nor did anybody make an empty one
        for name, there in away.items():
            there.rename(name)
        assert [api.get(path).status_code for path in READS] == [200] * len(READS)
        sound = file.read_bytes()
        file.write_bytes(b"no database" * 1000)
        assert is_problem(api.get("/v1/current"), 503)
        file.write_bytes(sound)


def test_it_starts_without_a_database_and_serves_as_soon_as_there_is_one(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    with at_work(app_of(ApiSettings(url=url))) as base:
        assert is_problem(httpx.get(f"{base}/v1/health", timeout=60), 503)
        put(scores(score("ann", 0.3)), url)
        assert httpx.get(f"{base}/v1/health", timeout=60).status_code == 200


def _one_night(night: date, rows: list[dict]) -> bool:
    """Whether all rows are of the night, where everybody's risk tells its day."""
    return {row["scored_on"] for row in rows} == {str(night)} and all(
        round(row["risk"] * 100) == night.day for row in rows
    )


def _asks(api: httpx.Client, ended: Callable[[], bool]) -> list[str]:
    """What was wrong with the answers, until it ends; a contact is written first."""
    contact = {"contact_id": str(uuid4()), "subscriber_id": "s002", "action": "called"}
    written = api.post("/v1/contacts", json=contact)
    wrong = [] if written.status_code == 200 else [f"contact: {written.status_code}"]
    for path in ("/v1/current?size=20", "/v1/export?format=ndjson", "/v1/subscribers/s001") * 2:
        told = api.get(path)
        if told.status_code == 503 and "export" in path:
            assert "others are exporting" in told.text  # four at once, and they are told so
        elif told.status_code != 200:
            wrong.append(f"{path}: {told.status_code} {told.text[:200]}")
        elif "subscribers" in path:
            fresh, rows = told.json()["freshness"], [told.json()["now"]]
            wrong += [] if _one_night(date.fromisoformat(fresh["as_of"][:10]), rows) else [path]
        else:
            rows = (
                [json.loads(line) for line in told.text.splitlines()]
                if "export" in path
                else told.json()["rows"]
            )
            night = date.fromisoformat(told.headers["Perdura-As-Of"][:10])
            wrong += [] if _one_night(night, rows) and rows else [path]
        if ended():
            break
    return wrong


def test_200_clients_while_nights_are_published_see_no_error_and_no_mixture(store_url):
    url = store_url

    def night(day: int) -> None:
        people = scores(*(score(f"s{n:03}", day / 100) for n in range(2_000)))
        put(people, url, date(2026, 3, day))

    night(1)
    limits = httpx.Limits(max_connections=200)
    with asking(url, "read", "contact", per_second=1e6, burst=10**6) as api:
        held = api.headers["Authorization"]
        with (
            httpx.Client(
                base_url=api.base_url, headers={"Authorization": held}, limits=limits, timeout=120
            ) as client,
            ThreadPoolExecutor(200) as clients,
            ThreadPoolExecutor(1) as publisher,
        ):
            published = publisher.submit(lambda: [night(day) for day in range(2, 6)])
            asked = [clients.submit(_asks, client, published.done) for _ in range(200)]
            assert [wrong for each in asked for wrong in each.result()] == []
            published.result()
    with reading(url) as connection:
        assert len(newest(connection, top=10_000)) >= 200  # and all of it is in the audit
        assert len(contacts_of(connection, "s002")) == 200


@pytest.mark.parametrize(("longest", "answer"), [(60, 503), (1, 200)])
def test_an_export_that_nobody_takes_ends_and_its_place_is_free_again(tmp_path, longest, answer):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(scores(*(score(f"s{n:05}", 0.1, action_text="x" * 500) for n in range(30_000))), url)
    with (
        asking(url, "read", longest_export=longest) as api,
        httpx.Client(base_url=api.base_url, headers=api.headers, timeout=30) as idle,
        ExitStack() as held,
    ):
        for _ in range(4):
            held.enter_context(idle.stream("GET", "/v1/export?format=ndjson"))

        def status() -> int:  # not its rows: on a busy machine they take longer than an export may
            with api.stream("GET", "/v1/export") as response:
                return response.status_code

        until = monotonic() + (20 if answer == 200 else 2)
        while (last := status()) != answer and monotonic() < until:
            sleep(0.2)
        assert last == answer
        assert answer == 200 or status() == 503  # and for as long as the four are held


def test_many_who_write_at_once_do_not_keep_others_from_reading(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(scores(score("ann", 0.3)), url)
    with asking(url, "read", "contact") as api, ThreadPoolExecutor(60) as people:

        def write(_: int) -> int:
            contact = {"contact_id": str(uuid4()), "subscriber_id": "ann", "action": "called"}
            return httpx.post(
                f"{api.base_url}/v1/contacts", json=contact, headers=api.headers, timeout=60
            ).status_code

        with writing(url):  # as a publish does for seconds
            written = [people.submit(write, n) for n in range(60)]
            sleep(1)
            assert not any(each.done() for each in written)
            assert api.get("/v1/subscribers/ann").elapsed.total_seconds() < 2
        assert {each.result() for each in written} == {200}


def test_reading_does_not_wait_for_a_writer_and_the_audit_catches_up(tmp_path):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(scores(score("ann", 0.3)), url)
    with asking(url, "read") as api, writing(url):  # as a publish does for seconds
        told = [api.get("/v1/subscribers/ann").elapsed.total_seconds() for _ in range(30)]
        assert max(told) < 2
        with reading(url) as connection:
            assert newest(connection) == []
    with reading(url) as connection:  # it was ended in order
        assert [row["what"] for row in newest(connection)] == ["subscriber"] * 30


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_postgresql_is_restarted_under_load_and_no_contact_is_lost(postgres: Server, how):
    """Requests fail with 503 while it is away, and never otherwise, and come back by themselves."""
    with postgres.database() as url:
        put(scores(score("ann", 0.3)), url)
        with asking(url, "read", "contact", per_second=1e6, burst=10**6) as api:

            def work(client: int) -> tuple[list[str], set[int]]:
                written, seen = [], set()
                for number in range(25):
                    asked = {"contact_id": str(uuid4()), "subscriber_id": "ann"}
                    told = api.post("/v1/contacts", json=asked | {"action": "called"})
                    seen |= {told.status_code, api.get("/v1/subscribers/ann").status_code}
                    written += [asked["contact_id"]] if told.status_code == 200 else []
                    if (client, number) == (0, 5):
                        postgres.restart(how=how)
                return written, seen

            with ThreadPoolExecutor(8) as clients:
                done = list(clients.map(work, range(8)))
            assert set().union(*(seen for _, seen in done)) <= {200, 503}
            found = api.get("/v1/subscribers/ann").json()["contacts"]
    written = {each for some, _ in done for each in some}
    assert written
    assert written <= {contact["contact_id"] for contact in found}


def test_a_contact_that_was_acknowledged_is_there_after_a_kill(tmp_path):
    url, home = f"sqlite:///{tmp_path}/data/risk.db", tmp_path
    put(scores(score("ann", 0.3)), url)
    held = {"Authorization": f"Bearer {token(url, 'contact', 'read')}"}
    words = [sys.executable, "-m", "perdura.flows.cli.app", "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PERDURA_HOME": str(home)}
    ) as server:
        assert server.stdout
        told = ""
        while "}" not in told:
            told += server.stdout.readline()
        base = re.findall(r"http://[\w.:]+", told)[0]
        loaded = Path(f"/proc/{server.pid}/maps").read_text()
        asked = {"contact_id": str(uuid4()), "subscriber_id": "ann", "action": "called"}
        assert (
            httpx.post(f"{base}/v1/contacts", json=asked, headers=held, timeout=60).status_code
            == 200
        )
        server.send_signal(signal.SIGKILL)
    assert not re.search("lightgbm|mlflow|_polars|pyarrow", loaded)
    with asking(url, "read", "admin") as api:
        found = api.get("/v1/subscribers/ann").json()["contacts"]
    assert [contact["contact_id"] for contact in found] == [asked["contact_id"]]


def test_starting_imports_nothing_heavy():
    heavy = "{'lightgbm','mlflow','prefect','sklearn','optuna','pandas','polars','numpy','pyarrow'}"
    code = (
        "import sys\n"
        "from benchmarks.memory import peak_bytes\n"
        "from perdura.risk.api.app import ApiSettings, app_of\n"
        "import uvicorn\n"
        "app_of(ApiSettings(url='sqlite:///none.db')).openapi()\n"
        f"print(sorted({heavy} & set(sys.modules)))\n"
        "print(peak_bytes())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    ).stdout.splitlines()
    assert told[0] == "[]"
    assert int(told[1]) < 150_000_000
