"""``perdura risk init``: the risk table's database, before there is a night."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json


def init(
    roles: Annotated[
        bool,
        typer.Option("--roles", help="In PostgreSQL: make perdura_read and perdura_write, too."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Make the tables, or bring those of an older version up to this one; safe to do again."""
    from perdura.flows.settings import Settings
    from perdura.risk.migrations import NEWEST
    from perdura.risk.schema.roles import READER, WRITER
    from perdura.risk.store.connect import init as make
    from perdura.risk.store.urls import shown

    url = Settings().risk_url
    make(url, with_roles=roles)
    made = [READER, WRITER] if roles else []
    if as_json:
        print_json({"risk_table": shown(url), "version": NEWEST, "roles": made})
        return
    typer.echo(f"{shown(url)} is ready (version {NEWEST}).")
    for name in made:
        typer.echo(f"Role {name}: set its password in psql with \\password {name}.")
    if made:
        typer.echo(
            f"Set PERDURA_RISK_TABLE__URL with {WRITER} where nights are scored, and for the API."
        )
