"""Commands for tokens: who may use the API and the desk page."""

from __future__ import annotations

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app

tokens = typer.Typer(help="Make, list and revoke the tokens of the API and the desk page.")
app.add_typer(tokens, name="token")


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what uses it; contacts are signed with it.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, contact or admin; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token, and print it: it cannot be shown again."""
    from perdura.flows.settings import Settings
    from perdura.risk.records import tokens as kept
    from perdura.risk.store.connect import writing

    with writing(Settings().risk_url) as connection:
        token = kept.create(connection, name, scope or ["read"])
    if as_json:
        print_json({"name": name, "scopes": scope or ["read"], "token": token})
        return
    typer.echo(token)
    typer.secho("Keep it: only its hash is stored, and it is not shown again.", err=True)


@tokens.command(name="list")
def list_all(as_json: Json = False) -> None:
    """List all tokens, without their secrets."""
    from perdura.flows.settings import Settings
    from perdura.risk.records.tokens import listed
    from perdura.risk.store.connect import reading

    with reading(Settings().risk_url) as connection:
        found = listed(connection)
    if as_json:
        print_json(found)
        return
    for token in found:
        ended = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else "holds"
        scopes = ", ".join(token.scopes)
        typer.echo(f"{token.token_id}  {token.created_at:%Y-%m-%d %H:%M}  {ended:<26}"
                   f"{scopes:<21}  {token.name}")  # fmt: skip


@tokens.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Name or id of a token that holds.")],
    as_json: Json = False,
) -> None:
    """Refuse a token from now on."""
    from perdura.flows.settings import Settings
    from perdura.risk.records import tokens as kept
    from perdura.risk.store.connect import writing

    with writing(Settings().risk_url) as connection:
        token = kept.revoke(connection, which)
    if as_json:
        print_json(token)
    else:
        typer.echo(f"Revoked: {token.name} ({token.token_id}).")
