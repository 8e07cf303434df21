"""The app: the API under ``/v1``, and the desk."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from threading import Lock
from urllib.parse import urlsplit

from fastapi import FastAPI
from sqlalchemy import exc
from starlette.concurrency import run_in_threadpool

from perdura.risk.api import accounts, lists, status, subscribers
from perdura.risk.api.app_state import ApiSettings, ApiState
from perdura.risk.api.auditing import Audit
from perdura.risk.api.body_limit import BodyLimit
from perdura.risk.api.head_requests import HeadRequests
from perdura.risk.api.problems import answer_problems
from perdura.risk.api.protection import protect
from perdura.risk.api.public_address import PublicAddress
from perdura.risk.api.rate_limit import RateLimit
from perdura.risk.api.timeouts import BodyTimeout
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


def app_of(settings: ApiSettings) -> FastAPI:
    """The app that serves the table. Without a database it starts, and answers 503."""
    app = FastAPI(
        title="Perdura",
        version="1",
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # their scripts come from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        servers=[{"url": urlsplit(settings.public_url).path or "/"}]
        if settings.public_url
        else None,
    )
    state = app.state.api = ApiState(
        settings=settings,
        audit=Audit(settings.url),
        rate_limit=RateLimit(per_second=settings.per_second, burst=settings.burst),
        turn=nullcontext() if is_postgres(settings.url) else Lock(),
    )
    for routes in (status, lists, accounts, subscribers):
        app.include_router(routes.router)
    app.state.language = settings.language
    desk = Desk(
        url=settings.url,
        audit=state.audit,
        wait=state.rate_limit.wait,
        reword=settings.reword,
        demonstration=settings.demonstration,
        writers=state.writers,
    )
    app.include_router(desk_router(desk))
    answer_problems(app)
    app.add_middleware(BodyTimeout)
    app.add_middleware(BodyLimit)
    protect(app, settings.cors_origins)
    app.add_middleware(HeadRequests)
    if settings.public_url:
        app.add_middleware(PublicAddress, url=settings.public_url)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Write the audit while the app runs, the last of it after the last answer."""
    state: ApiState = app.state.api
    await run_in_threadpool(_prepare, state)
    with state.audit:
        yield


def _prepare(state: ApiState) -> None:
    """Make the tables that an older version lacks, where there is a database, and try the audit."""
    url = state.settings.url
    try:
        with reading(url) as connection:
            newest = version_of(connection) == NEWEST
        if not newest:
            with writing(url):
                pass
    except (NoNight, Unreachable) as error:
        _LOG.warning("the database is not there yet: %s", type(error).__name__)
        return
    except exc.SQLAlchemyError as error:
        _LOG.warning("the tables cannot be brought up to date: %s", type(error).__name__)
    state.audit.check()
