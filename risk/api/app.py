"""The app: the API under ``/v1``, and whatever else is put into it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from threading import Lock
from urllib.parse import urlsplit

from fastapi import FastAPI
from sqlalchemy import exc
from starlette.concurrency import run_in_threadpool

from perdura.risk.api import accounts, listed, people, state
from perdura.risk.api.auditing import Audit
from perdura.risk.api.bodies import Bodies
from perdura.risk.api.heads import Heads
from perdura.risk.api.problems import tell_problems
from perdura.risk.api.protection import protect
from perdura.risk.api.public import Public
from perdura.risk.api.rates import Rates
from perdura.risk.api.served import Served, Serving
from perdura.risk.api.slow import SlowBodies
from perdura.risk.desk.desk import Desk
from perdura.risk.desk.router import desk_router
from perdura.risk.errors import NoNight
from perdura.risk.migrations import NEWEST, version_of
from perdura.risk.store.connect import Unreachable, reading, writing
from perdura.risk.store.postgres import is_postgres

_LOG = logging.getLogger(__name__)

_ABOUT = """Who may leave, how likely, why, what it costs, and what was done about it.

Amounts are minor units of their currency and are never added up across currencies. Moments are in
UTC. Errors are `application/problem+json` and say what was asked, what was found, what to do."""


def app_of(served: Served) -> FastAPI:
    """The app that serves the table. It starts, and answers 503, where the database is away."""
    app = FastAPI(
        title="Perdura",
        version="1",
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # their scripts come from elsewhere
        redoc_url=None,
        lifespan=_at_work,
        servers=[{"url": urlsplit(served.public_url).path or "/"}] if served.public_url else None,
    )
    at_work = app.state.serving = Serving(
        served=served,
        audit=Audit(served.url),
        rates=Rates(per_second=served.per_second, burst=served.burst),
        turn=nullcontext() if is_postgres(served.url) else Lock(),
    )
    for part in (state, listed, accounts, people):
        app.include_router(part.router)
    app.state.language = served.language
    desk = Desk(
        url=served.url,
        audit=at_work.audit,
        wait=at_work.rates.wait,
        reword=served.reword,
        writers=at_work.writers,
    )
    app.include_router(desk_router(desk))
    tell_problems(app)
    app.add_middleware(SlowBodies)
    app.add_middleware(Bodies)
    protect(app, served.cors_origins)
    app.add_middleware(Heads)
    if served.public_url:
        app.add_middleware(Public, url=served.public_url)
    return app


@asynccontextmanager
async def _at_work(app: FastAPI) -> AsyncIterator[None]:
    """Between start and end: the audit is written, the last of it after the last answer."""
    await run_in_threadpool(_bring_up_to_date, app.state.serving.served.url)
    with app.state.serving.audit:
        yield


def _bring_up_to_date(url: str) -> None:
    """Tables that an older version has not made are made, where there is a database."""
    try:
        with reading(url) as connection:
            newest = version_of(connection) == NEWEST
        if not newest:
            with writing(url):
                pass
    except (NoNight, Unreachable, exc.SQLAlchemyError) as error:
        _LOG.warning("the database is not there yet: %s", type(error).__name__)
