"""The pages as answers: who may see and send what, and what they say."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk import session
from perdura.risk.records.audit import newest
from perdura.risk.records.contact_effect import ContactEffect, write_contact_effect
from perdura.risk.records.contacts import Contact, contacts_of, log_contact
from perdura.risk.store.connect import reading, writing
from tests.support.api_served import at_work, token
from tests.support.desk_night import AS_OF, MARKUP, NEWEST, STRANGE, made, night, people, row

CONTACT_ID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('desk')}/risk.db"
        made(url)
        yield url
        return
    with request.getfixturevalue("postgres").database() as url:
        made(url)
        yield url


@pytest.fixture(scope="module")
def base(url: str) -> Iterator[str]:
    with at_work(app_of(ApiSettings(url=url, per_second=1_000, burst=10_000))) as base:
        yield base


@pytest.fixture(scope="module")
def held(url: str) -> str:
    return token(url, "read", "contact", name="Ana")


@pytest.fixture
def desk(base: str, held: str) -> Iterator[httpx.Client]:
    with signed_in(base, held) as client:
        yield client


def signed_in(base: str, held: str) -> httpx.Client:
    return httpx.Client(base_url=base, cookies={session.SESSION: held}, timeout=30)


def proof(client: httpx.Client, path: str = "/desk") -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(path).text)
    assert found
    return found[1]


def sent(client: httpx.Client, who: str = "ann", **form: str) -> httpx.Response:
    told = {"action": "called", "contact_id": CONTACT_ID, "csrf": proof(client)} | form
    return client.post("/desk/contact", params={"id": who}, data=told)


def contacts(url: str, who: str) -> list[Contact]:
    with reading(url) as connection:
        return contacts_of(connection, who)


def names(client: httpx.Client, **asked: str) -> list[str]:
    return re.findall(r"data-person><bdi>(.*?)</bdi>", client.get("/desk", params=asked).text)


@pytest.mark.parametrize("path", ["/desk", "/desk/lead", "/desk/subscriber?id=ann", "/desk/x"])
def test_nobody_reads_without_a_token(base, url, path):
    for cookies in ({}, {session.SESSION: "perdura_0_0"}, {session.SESSION: "x" * 5_000}):
        answer = httpx.get(base + path, cookies=cookies, timeout=60)
        assert (answer.status_code, answer.text) == (303, "")
        assert answer.headers["location"].startswith("/desk/sign-in")


def test_a_token_without_the_scope_does_not_read(base, url):
    other = token(url, "admin")
    assert (
        httpx.get(f"{base}/desk", cookies={session.SESSION: other}, timeout=60).status_code == 303
    )
    with httpx.Client(base_url=base, timeout=60) as client:
        form = {"token": other, "csrf": proof(client, "/desk/sign-in")}
        answer = client.post("/desk/sign-in", data=form)
    assert (answer.status_code, "does not allow reading" in answer.text) == (403, True)


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(base, held, scheme, secure):
    behind = {"X-Forwarded-Proto": scheme}  # as a proxy that speaks https tells
    with httpx.Client(base_url=base, headers=behind, timeout=60) as client:
        page = client.get("/desk/sign-in")
        form = {"token": held, "csrf": re.findall(r'csrf" value="(\w+)"', page.text)[0]}
        kept = {"Cookie": page.headers["set-cookie"].split(";")[0]}
        cookie = client.post("/desk/sign-in", data=form, headers=kept).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ("Secure" in cookie) is secure


@pytest.mark.parametrize("told", ["", "0" * 64, "é"])
@pytest.mark.parametrize("path", ["/desk/contact?id=ann", "/desk/undo?id=ann", "/desk/sign-out"])
def test_a_form_that_is_not_ours_does_nothing(desk, url, path, told):
    form = {"action": "called", "contact_id": CONTACT_ID, "csrf": told}
    assert desk.post(path, data=form).status_code == 403
    assert contacts(url, "ann") == []


def test_a_form_of_ours_sent_from_elsewhere_does_nothing(desk, url):
    form = {"action": "called", "contact_id": CONTACT_ID, "csrf": proof(desk)}
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = desk.post("/desk/contact?id=ann", data=form, headers=header)
        assert answer.status_code == 403
    assert contacts(url, "ann") == []


def test_somebody_elses_proof_is_none_of_mine(desk, base, url):
    with signed_in(base, token(url, "read", "contact", name="Ben")) as client:
        other = proof(client)
    assert sent(desk, csrf=other).status_code == 403


def test_a_token_that_may_read_only_logs_nothing(base, url):
    with signed_in(base, token(url, "read", name="reader")) as client:
        assert sent(client).status_code == 403
        assert "Called" not in client.get("/desk/subscriber?id=ann").text
    assert contacts(url, "ann") == []


def test_a_contact_sent_twice_is_one(desk, url):
    for _ in range(2):
        answer = sent(desk, "high00", note=f"  {MARKUP}\r\nand more ")
        assert answer.status_code == 303
    (found,) = contacts(url, "high00")
    assert (found.action, found.by, found.note) == ("called", "Ana", f"{MARKUP}\nand more")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"action": "shouted"}, 400),
        ({"action": ""}, 400),
        ({"contact_id": "1'; DROP TABLE contacts"}, 400),
        ({"note": "x" * 2_001}, 400),
        ({"note": "a\0b"}, 400),
        ({"note": "x" * 70_000}, 413),
    ],
)
def test_what_is_no_contact_is_told_and_not_written(desk, url, form, status):
    assert sent(desk, "high01", **form).status_code == status
    assert contacts(url, "high01") == []


def test_a_contact_can_no_longer_be_undone_when_models_may_know_it(desk, url):
    with writing(url) as connection:
        log_contact(
            connection,
            contact_id=CONTACT_ID.replace("1", "2"),
            subscriber_id="high02",
            action="called",
            by="Ana",
            now=AS_OF - timedelta(hours=2),
        )
    form = {"contact_id": CONTACT_ID.replace("1", "2"), "csrf": proof(desk)}
    answer = desk.post("/desk/undo?id=high02", data=form)
    assert (answer.status_code, "for one hour only" in answer.text) == (409, True)
    assert ">Undo<" not in answer.text


@pytest.mark.parametrize(
    "who",
    ["", " ", "o'neil\" OR 1=1 --", "100%", "x" * 10_000, "a\0b", "\udce9", "../../etc", MARKUP],
)
def test_no_id_breaks_a_page(desk, who):
    asked = httpx.QueryParams({"id": who}) if who.isprintable() else f"id={_quoted(who)}"
    answer = desk.get(f"/desk/subscriber?{asked}")
    assert answer.status_code == 404
    assert MARKUP not in answer.text
    assert desk.get(f"/desk/find?{asked}").status_code == 303


def _quoted(who: str) -> str:
    return "".join(f"%{byte:02x}" for byte in who.encode("utf-8", "surrogateescape"))


def test_ids_and_what_to_do_are_text_whatever_they_hold(desk):
    page = desk.get("/desk/subscriber", params={"id": STRANGE})
    assert page.status_code == 200
    for text in (desk.get("/desk").text, page.text):
        assert MARKUP not in text
        assert STRANGE not in text
        assert "&lt;b id=" in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"band": "medium"}, ["cid"]),
        ({"band": "low"}, ["dee"]),
        ({"band": "", "action": "call"}, ["cid"]),
        ({"plan": "pro"}, ["ann"]),
        ({"country": "FR"}, ["ann"]),
        ({"cause": "voluntary"}, ["ann"]),
        ({"state": "past_due"}, ["zoe"]),
        ({"state": "gone"}, ["gone"]),
        ({"plan": "'; DROP TABLE risk; --"}, []),
        ({"country": "F\0"}, None),  # what nobody can ask for is not asked
        ({"band": "none"}, None),
    ],
)
def test_filters(desk, asked, found):
    assert names(desk, **asked) == (names(desk) if found is None else found)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "“band=hgih” was not applied. Possible values: high, medium, low.",
                "“minimum=ten” was not applied: there is no such filter. Filters: ",
                "No customer has “plan=goldd”. In the latest data: basic, pro.",
            ),
        ),
        (
            "es",
            (
                "«band=hgih» no se ha aplicado. Valores posibles: high, medium, low.",
                "«minimum=ten» no se ha aplicado: ese filtro no existe. Filtros: ",
                "Ningún cliente tiene «plan=goldd». En los últimos datos hay: basic, pro.",
            ),
        ),
    ],
)
def test_filters_that_are_none_are_said_on_the_page(desk, language, sentences):
    asked = {"band": "hgih", "minimum": "ten", "plan": "goldd", "lang": language}
    text = desk.get("/desk", params=asked).text
    for sentence in sentences:
        assert f'role="note">{sentence}' in text
    assert '<option value="goldd" selected>goldd</option>' in text  # the form hides it neither
    accounts = desk.get("/desk/accounts", params={"band": "low", "lang": language}).text
    assert accounts.count("warning") == 1
    for clean in ("/desk?band=low&plan=pro&new=1", "/desk/accounts"):
        assert "warning" not in desk.get(clean).text


def test_what_is_said_of_a_filter_is_text_and_no_markup(desk):
    text = desk.get("/desk", params={MARKUP: MARKUP}).text
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_the_list_is_in_the_order_of_what_a_call_is_worth(desk):
    # ann 8,370 of 2,710 usual cents; zoe 350,000 of 500,000 usual yen, so less than one
    first = names(desk)[:2]
    assert first[0] == "ann"
    assert first[1].startswith("&lt;b id=")
    assert "zoe" in names(desk)
    assert "gone" not in names(desk)  # left this morning


def test_pages_follow_each_other_and_a_cursor_that_is_none_begins_anew(desk):
    text = desk.get("/desk").text
    after = re.findall(r"after=([^\"&]+)", text)[0]
    first, second = names(desk), names(desk, after=after)
    assert len(first) + len(second) == 29
    assert not set(first) & set(second)
    for wrong in ("", "x", "é", after[:-2], after + "A", "9" * 5_000):
        assert names(desk, after=wrong) == first


def test_a_link_cannot_lead_elsewhere(base, held):
    for to in ("https://evil.example", "//evil.example", "/desk\\@evil.example", "/other"):
        with httpx.Client(base_url=base, timeout=60) as client:
            page = client.get("/desk/sign-in", params={"to": to})
            form = {
                "token": held,
                "to": to,
                "csrf": re.findall(r'csrf" value="(\w+)"', page.text)[0],
            }
            assert client.post("/desk/sign-in", data=form).headers["location"] == "/desk"


def test_reading_and_writing_are_audited(base, url, held):
    with at_work(app_of(ApiSettings(url=url))) as own, signed_in(own, held) as client:
        client.get("/desk/subscriber?id=cid")
        client.get("/desk/lead")
    with reading(url) as connection:
        told = {(entry["what"], entry["subscriber_id"]) for entry in newest(connection)}
    assert {("subscriber", "cid"), ("overview", None)} <= told


def test_pages_are_not_kept_and_load_nothing_from_elsewhere(desk):
    for path in ("/desk", "/desk/lead", "/desk/subscriber?id=ann", "/desk/sign-in"):
        answer = desk.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r'(src|href|action)="(https?:)?//', answer.text)
        assert not re.search(r"<[^>]* (style|on\w+)=", answer.text)


def test_before_the_first_night_and_without_a_database(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    with at_work(app_of(ApiSettings(url=url))) as base:
        assert httpx.get(f"{base}/desk", timeout=60).status_code == 303
        with signed_in(base, token(url, "read")) as client:
            answer = client.get("/desk")
            assert (answer.status_code, "No scores yet" in answer.text) == (200, True)
            assert client.get("/desk/lead").status_code == 200


def test_a_night_of_one_and_a_stale_one(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    alone = row("ann", 0.5, mrr=None, currency=None, reasons=[], plan=None, country=None)
    night(url, [alone], NEWEST - timedelta(days=3), degraded=["tickets"])
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        signed_in(base, token(url, "read")) as client,
    ):
        text = client.get("/desk").text
        assert "1 customer<" in text
        assert "Scores haven’t been updated since" in text
        assert "Some data was missing when these scores were calculated: tickets." in text
        assert client.get("/desk/subscriber?id=ann").status_code == 200
        assert client.get("/desk/lead").status_code == 200


def test_a_token_that_asks_too_often_waits(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    night(url, people())
    served = ApiSettings(url=url, per_second=0.1, burst=2)
    with at_work(app_of(served)) as base, signed_in(base, token(url, "read")) as client:
        found = [client.get("/desk") for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert int(found[-1].headers["retry-after"]) > 0


def amounts(text: str, words: str) -> list[float]:
    """The amounts of euros that stand beside these words."""
    found = re.findall(rf"<dt>{words}</dt><dd>€([\d,.]+)", text)
    return [float(amount.replace(",", "")) for amount in found]


@pytest.mark.parametrize("who", ["ann", "high00", "cid", "dee"])
def test_what_is_at_stake_is_part_of_the_value_beside_it(desk, who):
    text = desk.get("/desk/subscriber", params={"id": who}).text
    words = ("Value if they stay", "Expected value now", "At stake")
    ((stays,), (now,), (loss,)) = (amounts(text, each) for each in words)
    assert loss <= stays
    assert stays == pytest.approx(now + loss)


def test_the_lead_sees_all_mrr_of_the_day(desk):
    text = desk.get("/desk/lead").text
    rows = re.findall(
        r'<th scope="row">([^<]*)(?:<span.*?</span>)?</th><td class="num">€([\d,.]+)<', text
    )
    parts = {name.strip(): float(amount.replace(",", "")) for name, amount in rows}
    named = (
        "Scored for risk",
        "Cancelled, paying until their term ends",
        "Paused, paying nothing now",
    )
    assert [parts[name] for name in named][1:] == [90.0, 0.0]
    assert parts["Total"] == pytest.approx(sum(parts[name] for name in named))
    assert "The price of 1 of them is unknown" in text


def test_the_control_group_is_neither_listed_nor_summed(desk):
    text = desk.get("/desk").text
    assert "bob" not in names(desk)
    assert "29 customers" in text
    assert "€524.72, ¥350,000 a month at risk" in text  # bob's 48.00 are not in it
    assert "1 customer in the control group is not listed" in text
    assert names(desk, group="control") == ["bob"]
    assert "This is the control group" in desk.get("/desk?group=control").text


@pytest.mark.parametrize("action", ["called", "mailed", "offered"])
def test_the_control_group_is_not_contacted_without_a_reason(desk, url, action):
    answer = sent(desk, "bob", action=action, note="a note", contact_id=str(uuid4()))
    assert (answer.status_code, "Not saved. They are in the control group" in answer.text) == (
        409,
        True,
    )
    assert "a note</textarea>" in answer.text
    assert contacts(url, "bob") == []


def test_nobody_undoes_the_contact_of_a_colleague(desk, url, base):
    with signed_in(base, token(url, "read", "contact", name="Eva")) as client:
        key = CONTACT_ID.replace("1", "7")
        assert sent(client, "high20", contact_id=key).status_code == 303
    assert ">Undo<" not in desk.get("/desk/subscriber?id=high20").text
    form = {"contact_id": key, "csrf": proof(desk)}
    answer = desk.post("/desk/undo?id=high20", data=form)
    assert (answer.status_code, "Only the colleague" in answer.text) == (403, True)
    assert contacts(url, "high20")[0].undone_at is None
    with signed_in(base, token(url, "read", "contact", "admin", name="Lead")) as client:
        assert ">Undo<" in client.get("/desk/subscriber?id=high20").text
        form = {"contact_id": key, "csrf": proof(client)}
        assert client.post("/desk/undo?id=high20", data=form).status_code == 303


def test_the_lead_sees_what_contacts_do(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    night(url, people())
    effect = ContactEffect(
        known_until=AS_OF,
        horizon_days=30,
        group_compared="listed",
        known=70,
        stayed=56,
        awaited=30,
        reached=50,
        control_known=80,
        control_stayed=48,
        control_awaited=0,
        difference=0.2,
        low=0.052,
        high=0.334,
    )
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        signed_in(base, token(url, "read")) as client,
    ):
        assert "No contacts have been evaluated yet" in client.get("/desk/lead").text
        for told, says in (
            (effect, "Contacts keep customers. Difference in the share that stayed: +20 points"),
            (replace(effect, low=-0.1), "Too few customers to tell"),
            (replace(effect, high=-0.01, low=-0.4), "Contacts make customers leave"),
            (replace(effect, difference=None, control_known=0), "There is no control group"),
            (replace(effect, difference=None), "Too early to tell"),
        ):
            with writing(url) as connection:
                write_contact_effect(connection, told)
            assert says in client.get("/desk/lead").text


def test_who_is_new_and_why(desk):
    assert names(desk, new="1") == ["high10", "high11"]
    assert names(desk, new="1", band="") == ["high10", "high11"]  # cid moved down
    text = desk.get("/desk?new=1").text
    assert ">Up from medium<" in text
    assert ">: 2 payments failed in the last 90 days" in text
    assert ">New<" in text
    down = desk.get("/desk/subscriber?id=cid").text
    assert "Down from high" in down
    assert 'class="tag new"' not in down
