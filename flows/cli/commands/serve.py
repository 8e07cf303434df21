"""The command that serves the API and the desk page."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import app


class CannotListen(ValueError):
    """The address is taken, or none of this machine's. Nothing was done."""


@app.command()
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
    from perdura.flows.configuration.setting_values import refuse_missing
    from perdura.flows.settings import Settings
    from perdura.flows.steps.erased_ids import share_erasures
    from perdura.flows.steps.rewording import rewording
    from perdura.risk.api.app import ApiSettings, app_of
    from perdura.risk.store.connect import Unreachable

    settings = Settings()
    refuse_missing([("support.actions", settings.support.actions)])
    with suppress(Unreachable):  # it is served all the same, and answers 503
        share_erasures(settings.landing_folder, settings.risk_url)
    app = app_of(
        ApiSettings(
            url=settings.risk_url,
            language=settings.language,
            reword=rewording(settings.support.actions),
            demonstration=settings.is_demonstration,
            per_second=settings.server.requests_per_second,
            cors_origins=settings.server.cors_origins,
            public_url=settings.server.public_url,
        )
    )
    with listen(host, port) as listening:
        address = f"{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        with made_token(settings.risk_url, address, wanted=with_token) as token:
            public = settings.server.public_url or f"http://{address}"
            _run(app, listening, public.rstrip("/"), token, as_json=as_json)


@contextmanager
def listen(host: str, port: int) -> Generator[socket.socket]:
    """The listening socket of a server; its port is taken before anything is written.

    Raises:
        CannotListen: The address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
        # Connections inherit it; asyncio sets it only where the socket names its protocol. Without
        # it the body of each answer waits 40 ms for the client to acknowledge the header.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise CannotListen(
            f"asked to listen at {host}:{port}; {error.strerror or error}. Choose another --port "
            "(0: any that is free), or --host"
        ) from error
    with listening:
        yield listening


def _run(
    app: object, listening: socket.socket, address: str, token: str | None, *, as_json: bool
) -> None:
    import asyncio

    import uvicorn

    from perdura.risk.api.timeouts import HeadTimeout

    class Announced(uvicorn.Server):
        """Says where it listens, once it does."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(address, token, as_json=as_json)

    # No log of requests: their paths name people. Reads are in the audit.
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        server_header=False,
        http=HeadTimeout,
        # Not uvicorn's 5 s: a client's next request would often meet a connection that closes.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )
    asyncio.run(Announced(config).serve([listening]))


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
def made_token(url: str, address: str, *, wanted: bool) -> Generator[str | None]:
    """A token to read and to log contacts, revoked at the end; after a kill, by the next server.

    ``None`` where it is not wanted.
    """
    if not wanted:
        yield None
        return
    from perdura.risk.records.tokens import BadToken, create, listed, revoke
    from perdura.risk.store.connect import writing

    here = socket.gethostname()
    ours = f"perdura serve {here} "  # contacts are shown with it, in each language
    with writing(url) as connection:
        for known in listed(connection):
            other = known.name.removeprefix(ours).removeprefix(f"serve on {here} at ")
            if known.revoked_at is None and other != known.name and not _answers(other, address):
                revoke(connection, known.token_id)
        token = create(connection, ours + address, ["read", "contact"])
    try:
        yield token
    finally:
        with writing(url) as connection, suppress(BadToken):  # it was revoked already
            revoke(connection, ours + address)


def _answers(address: str, own: str) -> bool:
    """Whether a server of this machine still listens there: at our own address none but we do."""
    host, _, port = address.rpartition(":")
    here = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104
    with suppress(OSError), socket.create_connection((here, int(port)), timeout=1.0):
        return address != own
    return False
