"""The pages in a real Chromium. Pictures of them are left in ``test-output/desk``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from perdura.flows.steps.rewording import rewording
from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk.messages import catalogue
from perdura.risk.records.contacts import contacts_of
from perdura.risk.store.connect import reading
from tests.debian.browser import chromium
from tests.support.api_served import at_work, token
from tests.support.desk_night import MARKUP, STRANGE, made

PICTURES = Path(__file__).parents[3] / "test-output" / "desk"
PAGES = {
    "today": "/desk",
    "nothing": "/desk?plan=none",
    "subscriber": "/desk/subscriber?id=ann",
    "accounts": "/desk/accounts",
    "account": "/desk?band=&account=Norte+%26+Hijos%2C+S.L.",
    "held-out": "/desk/subscriber?id=bob",
    "gone": "/desk/subscriber?id=gone",
    "unknown": "/desk/subscriber?id=nobody",
    "lead": "/desk/lead",
}
#: Looked at in both languages, light and dark; the others differ from them by little.
FIRST = ("today", "subscriber", "accounts", "account", "lead")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('desk')}/risk.db"
    made(url)
    return url


@pytest.fixture(scope="module")
def held(url: str) -> str:
    return token(url, "read", "contact", name="Ana")


@pytest.fixture(scope="module")
def base(url: str) -> Iterator[str]:
    with at_work(
        app_of(ApiSettings(url=url, per_second=1_000, burst=10_000, reword=rewording(None)))
    ) as base:
        yield base


def opened(browser: Browser, base: str, held: str | None, **wishes: Any) -> BrowserContext:
    """A browser of its own, signed in if a token is given; whatever it complains of is kept."""
    wishes = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | wishes
    context = browser.new_context(base_url=base, **wishes)
    context.set_default_timeout(10_000)
    if held:
        cookie = {"name": "perdura_desk", "value": held, "url": f"{base}/desk", "httpOnly": True}
        context.add_cookies([cookie])  # type: ignore[list-item]
    return context


@pytest.fixture
def page(browser: Browser, base: str, held: str) -> Iterator[Page]:
    with opened(browser, base, held) as context:
        yield context.new_page()


def listening(page: Page) -> list[str]:
    """What the browser will have to complain of: scripts that fail, what the policy forbids."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if _complains(said) else None)
    return heard


def _complains(said: Any) -> bool:
    return said.type == "error" and "404" not in said.text  # the page of nobody is a 404


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {[node['html'] for node in v['nodes']]}" for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_nothing(browser, base, held, language, scheme):
    PICTURES.mkdir(parents=True, exist_ok=True)
    wishes = {"locale": language, "color_scheme": scheme}
    found: dict[str, Any] = {}
    with opened(browser, base, held, **wishes) as context:
        page = context.new_page()
        heard = listening(page)
        for name, path in PAGES.items():
            if (language, scheme) != ("en", "light") and name not in FIRST:
                continue
            page.goto(path)
            page.screenshot(path=PICTURES / f"{name}-{language}-{scheme}.png", full_page=True)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found[name] = violations(page)
            assert page.locator("html").get_attribute("lang") == language
    with opened(browser, base, None, **wishes) as context:
        page = context.new_page()
        page.goto("/desk")
        page.screenshot(path=PICTURES / f"sign-in-{language}-{scheme}.png")
        found["sign-in"] = violations(page)
    assert {name: told for name, told in found.items() if told} == {}
    assert heard == []


@pytest.mark.parametrize("width", [360, 1920])
def test_pages_fit_a_phone_and_a_wide_screen(browser, base, held, width):
    wishes = {"viewport": {"width": width, "height": 800}, "locale": "es"}
    with opened(browser, base, held, **wishes) as context:
        page = context.new_page()
        for name, path in PAGES.items():
            page.goto(path)
            page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_signing_in_and_out(browser, base, held):
    with opened(browser, base, None) as context:
        page = context.new_page()
        page.goto("/desk/subscriber?id=ann")
        page.get_by_label("Token").fill("perdura_0_0")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not valid")
        page.get_by_label("Token").fill(held)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("ann")  # where one was going
        (cookie,) = (c for c in context.cookies() if c.get("name") == "perdura_desk")
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
        assert page.evaluate("document.cookie").find("perdura") == -1
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("status")).to_have_text("You are signed out.")
        page.goto("/desk")
        expect(page.get_by_label("Token")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_contact_takes_two_clicks_and_can_be_undone(browser, base, held, url, scripts):
    who = "high03" if scripts else "high04"
    with opened(browser, base, held, java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto("/desk")
        page.get_by_role("link", name=who).click()
        page.get_by_role("button", name="Called", exact=True).click()
        expect(page.locator(".told")).to_have_text("Call logged.")
        assert [(c.action, c.by, c.undone_at) for c in contacts(url, who)] == [
            ("called", "Ana", None)
        ]
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".told")).to_have_text("Call undone.")
        expect(page.locator(".contacts")).to_contain_text("undone")
        assert contacts(url, who)[0].undone_at is not None


def contacts(url: str, who: str) -> list[Any]:
    with reading(url) as connection:
        return contacts_of(connection, who)


def test_with_scripts_only_a_part_of_the_page_is_replaced(page):
    page.goto("/desk/subscriber?id=high05")
    page.evaluate("window.same = true")
    page.get_by_label("Note").fill("asked\nto call back")
    page.get_by_role("button", name="Emailed").click()
    expect(page.locator(".contacts .note")).to_have_text("asked\nto call back")
    assert page.evaluate("window.same")
    assert page.get_by_label("Note").input_value() == ""
    assert page.evaluate("document.activeElement.id") == "done"


def test_the_control_group_is_not_contacted_unless_forced_with_a_reason(page, url):
    page.goto("/desk/subscriber?id=bob")
    expect(page.get_by_role("heading", name="Do not contact (control group)")).to_be_visible()
    expect(page.get_by_role("button", name="Made an offer")).to_be_hidden()
    page.get_by_label("Note").fill("wants a discount")
    page.get_by_text("They were contacted anyway").click()
    page.get_by_role("button", name="Made an offer").click()
    assert page.get_by_role("textbox", name="Reason").evaluate("e => !e.validity.valid")
    assert contacts(url, "bob") == []
    page.get_by_role("textbox", name="Reason").fill("They called us")
    page.get_by_role("button", name="Made an offer").click()
    expect(page.locator(".contacts")).to_contain_text("in the control group: They called us")
    assert [(c.action, c.forced, c.reason, c.note) for c in contacts(url, "bob")] == [
        ("offered", True, "They called us", "wants a discount")
    ]


def test_ids_and_notes_are_text_whatever_they_hold(page, url):
    page.goto("/desk")
    expect(page.get_by_role("link", name=STRANGE)).to_be_visible()
    page.get_by_label("Find a customer by ID").fill(STRANGE)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(STRANGE)
    page.get_by_label("Note").fill(MARKUP)
    page.get_by_role("button", name="Decided not to contact").click()
    expect(page.locator(".contacts .note")).to_have_text(MARKUP)
    page.reload()
    expect(page.locator(".contacts .note")).to_have_text(MARKUP)
    assert page.locator("#x, main img, main script").count() == 0
    assert page.evaluate("window.hacked") is None
    assert contacts(url, STRANGE)[0].note == MARKUP


def test_without_scripts_everything_can_be_read(browser, base, held):
    with opened(browser, base, held, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/desk")
        page.get_by_role("combobox", name="Risk").select_option("medium")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("[data-person]")).to_have_text(["cid"])
        page.goto("/desk")
        page.get_by_role("link", name="Show more").click()
        expect(page.locator("[data-person]")).to_have_count(4)
        page.goto("/desk/subscriber?id=ann")
        expect(page.get_by_text("Show the history as a table")).to_be_visible()


def test_filters_and_more_need_no_new_page(page):
    page.goto("/desk")
    page.evaluate("window.same = true")
    expect(page.locator("[data-person]")).to_have_count(25)
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("[data-person]")).to_have_count(29)
    assert page.locator("[data-person]").nth(25).evaluate("e => e === document.activeElement")
    page.get_by_role("combobox", name="Plan").select_option("pro")
    expect(page.locator("[data-person]")).to_have_text(["ann"])
    assert "plan=pro" in page.url
    assert page.evaluate("window.same")


def test_keys(page):
    page.goto("/desk")
    people = page.locator("[data-person]").all_text_contents()
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == people[1]
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jk?")  # typed, not obeyed
    expect(page.get_by_label("Find a customer by ID")).to_have_value("jk?")
    page.get_by_label("Find a customer by ID").fill("ann")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("ann")
    page.wait_for_load_state()  # until then no key is heard
    page.keyboard.press("n")
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text(catalogue("en").gettext("list_title"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_the_switch_of_language_stays(page):
    page.goto(f"/desk/subscriber?id={quote('high07')}")
    page.get_by_role("link", name="Español").click()
    expect(page.get_by_role("button", name="Llamada hecha")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("high07")
    page.goto("/desk")
    expect(page.get_by_role("heading", level=1)).to_have_text(catalogue("es").gettext("list_title"))


def test_from_an_account_to_its_customers_and_back(page):
    page.goto("/desk/accounts")
    page.get_by_role("link", name="Norte & Hijos, S.L.").click()
    expect(page.locator("h1")).to_have_text("Norte & Hijos, S.L.")
    expect(page.locator("[data-person]")).to_have_count(5)
    expect(page.locator("nav [aria-current]")).to_have_text("Accounts")
    page.locator("select[name=band]").select_option("medium")  # the account stays
    expect(page.locator("[data-person]")).to_have_text(["cid"])
    page.get_by_role("link", name="cid", exact=True).click()
    page.get_by_role("link", name="4 other customers").click()
    expect(page.locator("[data-person]")).to_have_count(5)
    page.wait_for_load_state()  # until then no key is heard
    page.keyboard.press("u")
    expect(page.locator("h1")).to_have_text("Accounts")
