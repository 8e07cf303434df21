"""The command that serves the API and the desk page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from flows.as_json import print_json


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8000,
    with_token: Annotated[
        bool,
        typer.Option("--with-token", help="Make and print a token that holds until the end."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print address and token as JSON.")
    ] = False,
) -> None:
    """Serve the risk table to people and programs, until Ctrl-C."""
    from flows.erasures import share_erasures
    from flows.rewording import rewording
    from flows.setting_values import refuse_missing
    from flows.settings import Settings
    from risk.api.app import Served, app_of
    from risk.store import Unreachable

    settings = Settings()
    refuse_missing([("actions", settings.actions)])
    with suppress(Unreachable):  # it is served all the same, and answers 503
        share_erasures(settings)
    app = app_of(
        Served(
            url=settings.risk_url,
            language=settings.language,
            reword=rewording(settings.actions),
            per_second=settings.requests_per_second,
            cors_origins=settings.cors_origins,
        )
    )
    # Two servers at one address cannot be, so neither revokes the other's token.
    name = f"serve {host}:{port}"
    with _token(settings.risk_url, name, wanted=with_token) as token:
        _run(app, host, port, token, as_json=as_json)


def _run(app: object, host: str, port: int, token: str | None, *, as_json: bool) -> None:
    import asyncio

    import uvicorn

    class Announced(uvicorn.Server):
        """Says where it listens, once it does."""

        async def startup(self, sockets: list | None = None) -> None:
            await super().startup(sockets)
            at = self.servers[0].sockets[0].getsockname()[1] if self.started else port
            _announce(f"http://{host}:{at}", token, as_json=as_json)

    # No log of requests: their paths name people. Who read whom is in the audit.
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host,
        port,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Not uvicorn's 5 s: a client's next request would often meet a connection that closes.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )
    asyncio.run(Announced(config).serve())


def _announce(address: str, token: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"address": address, "token": token})
        return
    typer.echo(f"The desk page: {address}/desk")
    typer.echo(f"The API: {address}/v1 (what it answers: {address}/v1/openapi.json)")
    if token:
        typer.echo(f"Token, until this ends: {token}")
        typer.echo(f'  curl -H "Authorization: Bearer {token}" "{address}/v1/current?size=3"')


@contextmanager
def _token(url: str, name: str, *, wanted: bool) -> Iterator[str | None]:
    """A token to read and to log contacts, revoked at the end, or before the next one is made."""
    if not wanted:
        yield None
        return
    _revoke(url, name)
    from risk.store import writing
    from risk.tokens import create

    with writing(url) as connection:
        token = create(connection, name, ["read", "contact"])
    try:
        yield token
    finally:
        _revoke(url, name)


def _revoke(url: str, name: str) -> None:
    from risk.store import writing
    from risk.tokens import listed, revoke

    with writing(url) as connection:
        if any(t.name == name and t.revoked_at is None for t in listed(connection)):
            revoke(connection, name)
