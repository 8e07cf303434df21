"""Accounts on the pages: the list, the account of a customer, and nights that know of none."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import httpx
import pytest

from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk.list_filters import of_account
from perdura.risk.query.accounts import account_of
from perdura.risk.store.connect import reading
from tests.risk.desk.test_desk import signed_in
from tests.support.api_served import at_work, module_store, token
from tests.support.desk_night import ACCOUNT, MARKUP, made, night, row


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with module_store(request, tmp_path_factory) as url:
        made(url)
        yield url


@pytest.fixture(scope="module")
def desk(url: str) -> Iterator[httpx.Client]:
    served = ApiSettings(url=url, per_second=1_000, burst=10_000)
    with at_work(app_of(served)) as base, signed_in(base, token(url, "read")) as client:
        yield client


def listed(text: str) -> list[str]:
    return [unescape(name) for name in re.findall(r"data-person><bdi>(.*?)</bdi>", text)]


def of(account: str) -> str:
    return "/desk?" + urlencode({"band": "", "account": account})


def test_accounts_are_listed_biggest_loss_first_without_the_control_group(desk):
    text = desk.get("/desk/accounts").text
    # Compared with the mean MRR of each currency: 140 euros of about 27, 350,000 yen of 500,000.
    assert listed(text) == [ACCOUNT, MARKUP, "Kitano KK", "Studio Lumen"]
    first = text.split("</li>")[0]
    assert "5 customers" in first  # ann, high00 to high02, cid; bob is control, gone has left
    assert "€140.28" in first
    assert ">ann<" in first
    assert "1 customer in the control group is not included." in text
    assert "&lt;script&gt;window.hacked" in text


def test_the_list_links_to_the_customers_of_an_account(desk):
    text = desk.get("/desk/accounts").text
    linked = re.findall(r'<h2><a href="(/desk\?[^"]*)" data-person', text)
    shown = desk.get(unescape(linked[0])).text
    assert f"<h1><bdi>{ACCOUNT.replace('&', '&amp;')}</bdi></h1>" in shown
    assert sorted(listed(shown)) == ["ann", "cid", "high00", "high01", "high02"]
    assert "5 customers" in shown
    assert 'name="account" value="Norte &amp; Hijos, S.L."' in shown  # other filters keep it


def test_a_customer_s_page_leads_to_the_others_of_the_account(desk):
    text = desk.get("/desk/subscriber?id=ann").text
    assert "4 other customers" in text
    assert "band=&amp;account=Norte+%26+Hijos%2C+S.L." in text
    assert "No other customers" in desk.get("/desk/subscriber?id=dee").text
    assert "4 clientes más" in desk.get("/desk/subscriber?id=ann&lang=es").text
    assert "<dt>Account" not in desk.get("/desk/subscriber?id=high09&lang=en").text


def test_page_and_sum_agree(desk, url):
    with reading(url) as connection:
        account = account_of(connection, ACCOUNT, of_account(ACCOUNT).filters)
    assert account is not None
    assert len(listed(desk.get(of(ACCOUNT)).text)) == account.subscribers == 5
    assert account.expected_loss == {"EUR": 8370 + 1806 + 1786 + 1766 + 300}


@pytest.mark.parametrize("account", ["none", "'; DROP TABLE risk; --", "a\nb", "é" * 200])
def test_an_account_that_is_not_there_lists_nobody(desk, account):
    assert listed(desk.get(of(account)).text) == []


def test_a_cursor_that_is_none_begins_anew(desk):
    text = desk.get("/desk/accounts?after=x").text
    assert listed(text)[0] == ACCOUNT
    assert "The list has changed since" in text


def test_pages_lead_to_accounts_only_where_the_night_knows_some(desk, tmp_path):
    for path in ("/desk", "/desk/lead", "/desk/subscriber?id=ann", "/desk/accounts"):
        assert 'href="/desk/accounts"' in desk.get(path).text
    url = f"sqlite:///{tmp_path}/risk.db"
    night(url, [row("ann", 0.5)])
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        signed_in(base, token(url, "read")) as client,
    ):
        for path in ("/desk", "/desk/lead", "/desk/subscriber?id=ann"):
            assert "/desk/accounts" not in client.get(path).text
        assert "No accounts to show" in client.get("/desk/accounts").text
