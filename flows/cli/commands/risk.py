"""``perdura risk``: a night of the risk table, its accounts, and the table itself."""

from dataclasses import asdict
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Day, Json, app, day_of

# With options alone it shows a night, as it always did; what is done to the table is named.
risk_app = typer.Typer()
app.add_typer(risk_app, name="risk")


@risk_app.callback(invoke_without_command=True)
def risk(
    context: typer.Context,
    top: Annotated[int, typer.Option(min=1, help="Number of subscribers.")] = 15,
    on: Day = None,
    offers: Annotated[
        bool,
        typer.Option("--offers", help="Show whom to offer an upgrade instead, likeliest first."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the riskiest subscribers of a night (by default the newest)."""
    if context.invoked_subcommand:
        return
    from perdura.flows.cli.render.night import print_offers, print_risks
    from perdura.flows.settings import Settings
    from perdura.risk.records.audited_reads import record_read
    from perdura.risk.table import riskiest, to_offer

    settings = Settings()
    url, scored_on = settings.risk_url, day_of(on)
    show = print_offers if offers else print_risks
    if offers:
        rows = to_offer(url, top, scored_on=scored_on)
    else:  # machines get the texts as published
        language = None if as_json else settings.language
        rows = riskiest(url, top, scored_on=scored_on, language=language)
    night = {"night": str(rows[0]["scored_on"])} if rows else {}
    subscriber_ids = [row["subscriber_id"] for row in rows]
    record_read(
        settings.risk_url,
        "cli",
        "list",
        warn_if_only_read=True,
        **night,
        offers=offers,
        people=subscriber_ids,
    )
    if as_json:
        print_json(rows)
    else:
        show(rows, settings, newest=on is None)


@risk_app.command()
def init(
    roles: Annotated[
        bool,
        typer.Option("--roles", help="In PostgreSQL: make perdura_read and perdura_write, too."),
    ] = False,
    as_json: Json = False,
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


@risk_app.command()
def accounts(
    top: Annotated[int, typer.Option(min=1, help="How many accounts.")] = 15,
    on: Day = None,
    as_json: Json = False,
) -> None:
    """Show the accounts with the highest expected loss: companies with several subscribers."""
    from perdura.flows.cli.render.accounts import print_accounts
    from perdura.flows.settings import Settings
    from perdura.risk.query.accounts import risks_by_account
    from perdura.risk.records.audited_reads import record_read
    from perdura.risk.table import freshness

    settings = Settings()
    scored_on = day_of(on)
    found = risks_by_account(settings.risk_url, top, scored_on=scored_on)
    record_read(
        settings.risk_url,
        "cli",
        "accounts",
        warn_if_only_read=True,
        night=str(found.scored_on),
        accounts=[one.account for one in found.accounts],
        people=[one.riskiest for one in found.accounts],
    )
    if as_json:
        print_json(
            {
                "scored_on": found.scored_on,
                "trial": found.trial,
                "subscribers_without_account": found.without,
                "subscribers_in_control_group": found.control,
                "accounts": [asdict(one) for one in found.accounts],
            }
        )
    else:
        newest = freshness(settings.risk_url)
        print_accounts(found, newest, settings.language, demonstration=settings.is_demonstration)
