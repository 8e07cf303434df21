"""Take the README's pictures of the desk, from the table of ``PERDURA_HOME``: ``make docs``."""

from datetime import date, timedelta
from pathlib import Path
from secrets import token_hex

import sqlalchemy as sa
from fastapi import FastAPI
from playwright.sync_api import Browser

from perdura.flows.orchestration.prefect_setup import quiet, start
from perdura.flows.settings import Settings
from perdura.risk.desk.desk import Desk
from perdura.risk.desk.router import desk_router
from perdura.risk.night import midnight
from perdura.risk.query.queries import published_night
from perdura.risk.schema.tables import NIGHTS
from perdura.risk.store.connect import reading
from perdura.risk.table import riskiest
from tests.debian.browser import chromium
from tests.support.api_served import at_work, token

_FOLDER = Path(__file__).parent / "pictures"
_WEEKS = 12
_WIDE = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", "color_scheme": "light"}
_TALL = _WIDE | {"viewport": {"width": 1280, "height": 1925}}
_PHONE = {
    "viewport": {"width": 390, "height": 844},
    "locale": "en-GB",
    "color_scheme": "dark",
    "device_scale_factor": 2,
}


def draw_pages() -> None:
    """Write ``desk-today.png``, ``desk-subscriber.png`` and ``desk-phone.png``."""
    url = Settings().risk_url
    with reading(url) as connection:
        newest = published_night(connection).scored_on
    _score_weeks_before(url, newest)
    app = FastAPI()
    # As if it were the morning after, or the pages would say that the night is old.
    app.include_router(
        desk_router(Desk(url=url, now=lambda: midnight(newest) + timedelta(hours=9)))
    )
    held = token(url, "read", "contact", name=f"pictures {token_hex(4)}")
    subscriber = next(
        row["subscriber_id"] for row in riskiest(url, 100) if row["state"] == "active"
    )
    with at_work(app) as base, chromium() as browser:
        for name, path, options in (
            ("desk-today", "/desk", _WIDE),
            ("desk-subscriber", f"/desk/subscriber?id={subscriber}", _TALL),
            ("desk-phone", f"/desk/subscriber?id={subscriber}", _PHONE),
        ):
            _take(browser, base + path, held, options, _FOLDER / f"{name}.png")


def _score_weeks_before(url: str, newest: date) -> None:
    """Score earlier weeks, so that the risk history has a past."""
    with reading(url) as connection:
        there = set(connection.scalars(sa.select(NIGHTS.c.scored_on)))
    wanted = {newest - timedelta(days=1), *(newest - timedelta(weeks=n) for n in range(1, _WEEKS))}
    quiet()
    start()
    from perdura.flows.score_nightly import score_nightly

    for day in [*sorted(wanted - there), newest]:  # the newest again: it looks at the night before
        score_nightly(day)


def _take(browser: Browser, address: str, session: str, options: dict, file: Path) -> None:
    with browser.new_context(**options) as context:
        context.add_cookies([{"name": "perdura_desk", "value": session, "url": address}])
        page = context.new_page()
        page.goto(address)
        page.screenshot(path=file)


if __name__ == "__main__":
    draw_pages()
