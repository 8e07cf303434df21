"""A real server on a table of a few people, for the tests of the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import sleep
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.api.timeouts import HeadTimeout
from perdura.risk.records.tokens import create
from perdura.risk.store.connect import writing


@contextmanager
def at_work(app: FastAPI) -> Iterator[str]:
    """Where the app answers; it is ended in order."""
    config = uvicorn.Config(
        app, port=0, log_level="critical", access_log=False, timeout_keep_alive=75, http=HeadTimeout
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def token(url: str, *scopes: str, name: str | None = None) -> str:
    """A new token for the table at ``url``."""
    with writing(url) as connection:
        return create(connection, name or "-".join(scopes), scopes)


@contextmanager
def asking(url: str, *scopes: str, **served: Any) -> Iterator[httpx.Client]:
    """A client with a token of these scopes, of a server of its own."""
    held = token(url, *scopes)
    bearer = {"Authorization": f"Bearer {held}"}
    with (
        at_work(app_of(ApiSettings(url=url, **served))) as base,
        httpx.Client(base_url=base, headers=bearer, timeout=60) as client,
    ):
        yield client


@contextmanager
def module_store(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[str]:
    """A new store of the kind that the fixture's parameter names, for a whole module."""
    if request.param == "sqlite":
        yield f"sqlite:///{folders.mktemp('store')}/risk.db"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url
