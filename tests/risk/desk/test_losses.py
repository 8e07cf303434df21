"""What an agent typed is never lost, and what was not saved says so: in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from perdura.risk.api import auditing
from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.records.contacts import Contact, contacts_of
from perdura.risk.records.tokens import revoke
from perdura.risk.store.connect import reading, writing
from tests.debian.browser import chromium
from tests.support.api_served import at_work, token
from tests.support.desk_night import made

NOTE = "Card expired;\nsends a new one on Monday"


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
def base(url: str) -> Iterator[str]:
    with served(url) as base:
        yield base


@contextmanager
def served(url: str, per_second: float = 1_000, burst: int = 10_000) -> Iterator[str]:
    with at_work(app_of(ApiSettings(url=url, per_second=per_second, burst=burst))) as base:
        yield base


_names = iter(f"Ana {n}" for n in range(1_000))


@contextmanager
def signed_in(browser: Browser, base: str, url: str, **wishes: Any) -> Iterator[Desk]:
    """A browser whose agent holds a token of their own."""
    wishes = {"locale": "en-GB"} | wishes
    with browser.new_context(base_url=base, **wishes) as context:
        context.set_default_timeout(10_000)
        name = next(_names)
        held = token(url, "read", "contact", name=name)
        keep(context, base, held)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield Desk(context, page, url, name)
        assert errors == []


def keep(context: BrowserContext, base: str, held: str) -> None:
    cookie = {"name": "perdura_desk", "value": held, "domain": "127.0.0.1", "path": "/desk"}
    context.add_cookies([cookie])  # type: ignore[list-item]


@dataclass(frozen=True, slots=True)
class Desk:
    """One agent at one browser."""

    context: BrowserContext
    page: Page
    url: str
    name: str

    def typed(self, who: str) -> None:
        """On the page of a subscriber, with a note that is not sent yet."""
        self.page.goto(f"/desk/subscriber?id={who}")
        self.page.get_by_label("Note").fill(NOTE)

    def log(self) -> None:
        self.page.get_by_role("button", name="Called", exact=True).click()

    def sees_not_saved(self, why: str, note: str = NOTE) -> None:
        expect(self.page.get_by_role("alert")).to_contain_text("Not saved")
        expect(self.page.get_by_role("alert")).to_contain_text(why)
        expect(self.page.get_by_label("Note")).to_have_value(note)

    def signs_in(self) -> None:
        held = token(self.url, "read", "contact", name=next(_names))
        self.page.get_by_role("alert").get_by_role("link", name="Sign in").click()
        self.page.get_by_label("Token").fill(held)
        self.page.get_by_role("button", name="Sign in").click()

    def logs_the_note_once(self, who: str) -> None:
        """The note is there, is logged with one click, and is then kept no longer."""
        expect(self.page.get_by_label("Note")).to_have_value(NOTE)
        self.log()
        expect(self.page.locator(".told")).to_contain_text("logged")
        assert [(c.action, c.note) for c in contacts(self.url, who)] == [("called", NOTE)]
        self.page.goto(f"/desk/subscriber?id={who}")
        expect(self.page.get_by_label("Note")).to_have_value("")


def contacts(url: str, who: str) -> list[Contact]:
    with reading(url) as connection:
        return contacts_of(connection, who)


def test_a_session_that_ended(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high00")
        desk.context.clear_cookies()
        desk.log()
        desk.sees_not_saved("Your session has ended")
        assert contacts(url, "high00") == []
        desk.signs_in()
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("high00")
        expect(desk.page.get_by_text("This note has not been saved yet")).to_be_visible()
        desk.logs_the_note_once("high00")


def test_a_revoked_token(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high01")
        with writing(url) as connection:
            revoke(connection, desk.name)
        desk.log()
        desk.sees_not_saved("Your token is no longer valid")
        desk.signs_in()
        desk.logs_the_note_once("high01")


def test_a_page_of_an_earlier_sign_in_is_out_of_date(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high02")
        keep(desk.context, base, token(url, "read", "contact", name=next(_names)))
        desk.log()
        desk.sees_not_saved("Reload")
        desk.page.reload()
        desk.logs_the_note_once("high02")


def test_a_token_that_may_not_log(browser, base, url):
    """The page is told so by a server that asks for another scope meanwhile."""
    with signed_in(browser, base, url) as desk:
        desk.typed("high03")
        refuse(desk, status=403, headers={"Perdura-Problem": "not_allowed"})
        desk.log()
        desk.sees_not_saved("does not allow")
        desk.page.unroute("**/desk/contact*")
        desk.logs_the_note_once("high03")


def test_a_note_that_is_too_large(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high04")
        desk.page.evaluate("document.querySelector('#note').removeAttribute('maxlength')")
        long = "x" * 70_000
        desk.page.get_by_label("Note").fill(long)
        desk.log()
        desk.sees_not_saved("too long", long)
        desk.page.get_by_label("Note").fill("y" * 2_001)  # taken in, and refused in words
        desk.log()
        desk.sees_not_saved("longer than 2,000", "y" * 2_001)
        desk.page.get_by_label("Note").fill(NOTE)
        desk.logs_the_note_once("high04")


def test_too_many_requests(browser, url):
    # Once the page is there, the next request comes too soon.
    with served(url, per_second=0.2, burst=1) as base, signed_in(browser, base, url) as desk:
        desk.typed("high05")
        desk.log()
        desk.sees_not_saved("Too many requests")
        desk.page.wait_for_timeout(5_100)
        desk.log()
        expect(desk.page.locator(".told")).to_contain_text("logged")
    assert [c.note for c in contacts(url, "high05")] == [NOTE]


def test_a_database_that_does_not_answer(browser, base, url, monkeypatch):
    with signed_in(browser, base, url) as desk:
        desk.typed("high06")
        monkeypatch.setattr(auditing, "_MOST_WAITING", 0)
        desk.log()
        desk.sees_not_saved("does not respond")
        monkeypatch.undo()
        desk.logs_the_note_once("high06")


def test_a_file_that_is_away_does_not_end_the_session(browser, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/risk.db"
    made(url)
    with served(url) as base, signed_in(browser, base, url) as desk:
        desk.typed("high07")
        for file in tmp_path.glob("risk.db*"):
            file.rename(tmp_path / file.name.replace("risk", "away"))
        desk.log()
        desk.sees_not_saved("does not respond")
        for file in tmp_path.glob("away.db*"):
            file.rename(tmp_path / file.name.replace("away", "risk"))
        desk.logs_the_note_once("high07")


def test_no_network(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high08")
        desk.context.set_offline(True)
        desk.log()
        desk.sees_not_saved("No connection")
        desk.context.set_offline(False)
        desk.logs_the_note_once("high08")


def test_an_answer_that_got_lost_is_not_logged_twice(browser, base, url):
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    with signed_in(browser, base, url) as desk:
        desk.typed("high09")
        desk.page.route("**/desk/contact*", lose)
        desk.log()
        desk.sees_not_saved("No connection")
        desk.page.unroute("**/desk/contact*")
        desk.logs_the_note_once("high09")


def test_a_contact_that_was_logged_before_its_note_was_changed(browser, base, url):
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    with signed_in(browser, base, url) as desk:
        desk.typed("high10")
        desk.page.route("**/desk/contact*", lose)
        desk.log()
        desk.sees_not_saved("No connection")
        desk.page.unroute("**/desk/contact*")
        desk.page.get_by_label("Note").fill("and more")
        desk.log()
        desk.sees_not_saved("logged already", "and more")
        expect(desk.page.locator(".contacts .note")).to_have_text(NOTE)
        desk.log()
        expect(desk.page.locator(".told")).to_contain_text("logged")
        assert {c.note for c in contacts(url, "high10")} == {NOTE, "and more"}


DRAFT_WHEN_LOGGED = """(draft) => new Promise((seen) => new MutationObserver(() => {
  const told = document.querySelector(".told");
  if (told && told.textContent.includes("logged")) seen(sessionStorage.getItem(draft));
}).observe(document.body, { childList: true, subtree: true }))"""


def test_no_draft_is_left_once_the_page_says_logged(browser, base, url):
    """An agent may leave for the next subscriber at the very moment they read it."""
    with signed_in(browser, base, url) as desk:
        desk.typed("high25")
        watch = f"window.draft = ({DRAFT_WHEN_LOGGED})('perdura-note:high25'); undefined"
        desk.page.evaluate(watch)
        desk.log()
        assert desk.page.evaluate("window.draft") is None


@pytest.mark.parametrize("status", [200, 404, 500, 502])
def test_an_answer_that_is_none_of_ours(browser, base, url, status):
    with signed_in(browser, base, url) as desk:
        who = f"high{11 + (200, 404, 500, 502).index(status)}"
        desk.typed(who)
        refuse(desk, status=status)
        desk.log()
        desk.sees_not_saved(f"({status})")
        desk.page.unroute("**/desk/contact*")
        desk.logs_the_note_once(who)


def refuse(desk: Desk, **answer: Any) -> None:
    """A proxy, or an older page of ours, answers instead."""
    body = "<!doctype html><title>Gateway</title><p>Nothing here"
    desk.page.route(
        "**/desk/contact*",
        lambda route: route.fulfill(content_type="text/html", body=body, **answer),
    )


@pytest.mark.parametrize("how", ["dblclick", "slow", "enter"])
def test_a_double_click_logs_once(browser, base, url, how):
    with signed_in(browser, base, url) as desk:
        who = {"dblclick": "high15", "slow": "high16", "enter": "high17"}[how]
        desk.typed(who)
        button = desk.page.get_by_role("button", name="Called", exact=True)
        if how == "dblclick":
            button.dblclick()
        elif how == "slow":  # the second click meets the new form
            button.click()
            expect(desk.page.locator(".told")).to_contain_text("logged")
            button.click(click_count=2)
        else:
            button.focus()
            desk.page.keyboard.press("Enter")
            desk.page.keyboard.press("Enter")
        expect(desk.page.locator(".told")).to_contain_text("logged")
        desk.page.wait_for_timeout(300)
        assert [c.note for c in contacts(url, who)] == [NOTE]


def test_two_different_buttons_at_once_log_the_first(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high18")
        desk.page.evaluate(
            "for (const b of [...document.querySelectorAll('.log .buttons button')].slice(0, 2))"
            " b.click()"
        )
        expect(desk.page.locator(".told")).to_contain_text("Call logged")
        desk.page.wait_for_timeout(300)
        assert [c.action for c in contacts(url, "high18")] == ["called"]


def test_undoing_keeps_the_note_that_is_being_written(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high19")
        desk.log()
        expect(desk.page.locator(".told")).to_contain_text("logged")
        desk.page.get_by_label("Note").fill("second thoughts")
        desk.page.get_by_role("button", name="Undo").click()
        expect(desk.page.locator(".contacts")).to_contain_text("undone")
        expect(desk.page.get_by_label("Note")).to_have_value("second thoughts")


def test_a_note_outlives_a_look_at_somebody_else_and_ends_with_signing_out(browser, base, url):
    with signed_in(browser, base, url) as desk:
        desk.typed("high20")
        desk.page.goto("/desk/subscriber?id=high21")
        expect(desk.page.get_by_label("Note")).to_have_value("")
        desk.page.goto("/desk/subscriber?id=high20")
        expect(desk.page.get_by_label("Note")).to_have_value(NOTE)
        desk.page.get_by_role("button", name="Sign out").click()
        expect(desk.page.get_by_label("Token")).to_be_visible()
        assert desk.page.evaluate("sessionStorage.length") == 0


def test_the_same_without_scripts(browser, base, url):
    with signed_in(browser, base, url, java_script_enabled=False) as desk:
        desk.typed("high22")
        desk.context.clear_cookies()
        desk.log()
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("Your session has ended")
        expect(desk.page.locator("main")).to_contain_text("Not saved")
        expect(desk.page.get_by_label("Your note")).to_have_value(NOTE)
        expect(desk.page.get_by_role("link", name="Sign in")).to_have_attribute(
            "href", "/desk/sign-in?to=%2Fdesk%2Fsubscriber%3Fid%3Dhigh22"
        )
    assert contacts(url, "high22") == []
    with signed_in(browser, base, url, java_script_enabled=False) as desk:
        desk.typed("bob")
        desk.page.evaluate("document.querySelector('#reason').removeAttribute('required')")
        desk.page.get_by_text("They were contacted anyway").click()
        desk.page.get_by_role("button", name="Called", exact=True).click()
        desk.sees_not_saved("control group")
    assert contacts(url, "bob") == []


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ("session", "Your session has ended"),
        ("network", "No connection"),
        ("proxy", "(502)"),
    ],
)
def test_show_more_and_filters_say_why_they_show_nothing_new(browser, base, url, lost, why):
    with signed_in(browser, base, url) as desk:
        page = desk.page
        page.goto("/desk")
        if lost == "session":
            desk.context.clear_cookies()
        elif lost == "network":
            desk.context.set_offline(True)
        else:
            page.route("**/desk?*", lambda route: route.fulfill(status=502, body="Bad gateway"))
        page.get_by_role("link", name="Show more").click()
        expect(page.get_by_role("alert")).to_contain_text(why)
        expect(page.locator("[data-person]")).to_have_count(25)
        page.get_by_role("combobox", name="Plan").select_option("pro")
        expect(page.get_by_role("alert")).to_have_count(2)
        expect(page.locator("[data-person]")).to_have_count(25)
        if lost == "session":
            page.get_by_role("link", name="Sign in").first.click()
            page.get_by_label("Token").fill(token(url, "read", name=next(_names)))
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("[data-person]")).to_have_count(25)


def test_in_spanish(browser, base, url):
    with signed_in(browser, base, url, locale="es-ES") as desk:
        desk.page.goto("/desk/subscriber?id=high23")
        desk.page.get_by_label("Nota").fill(NOTE)
        desk.context.clear_cookies()
        desk.page.get_by_role("button", name="Llamada").click()
        expect(desk.page.get_by_role("alert")).to_contain_text(
            "No se ha guardado. Tu sesión ha caducado."
        )
        expect(desk.page.get_by_label("Nota")).to_have_value(NOTE)


def test_below_a_path_pages_work_and_lose_nothing_either(browser, url):
    app = app_of(
        ApiSettings(url=url, per_second=1_000, burst=10_000, public_url="http://x/perdura")
    )
    with at_work(app) as base, signed_in(browser, base, url) as desk:
        page = desk.page
        desk.context.clear_cookies()
        page.goto(f"{base}/perdura/desk/subscriber?id=high24")
        page.get_by_label("Token").fill(token(url, "read", "contact", name=next(_names)))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Note").fill(NOTE)
        desk.context.clear_cookies()
        desk.log()
        desk.sees_not_saved("Your session has ended")
        desk.signs_in()
        expect(page).to_have_url(f"{base}/perdura/desk/subscriber?id=high24")
        expect(page.get_by_label("Note")).to_have_value(NOTE)
        desk.log()
        expect(page.locator(".told")).to_have_text("Call logged.")
        page.get_by_role("link", name="Overview").click()
        expect(page).to_have_url(f"{base}/perdura/desk/lead")  # keys go to the page shown
        page.wait_for_load_state()  # until then no key is heard
        page.keyboard.press("/")
        expect(page).to_have_url(f"{base}/perdura/desk")
        page.get_by_role("link", name="Show more").click()
        expect(page.locator("[data-person]")).to_have_count(29)
