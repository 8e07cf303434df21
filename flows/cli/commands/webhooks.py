"""``perdura webhooks``: send what is due, look at what was given up, replay it."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app

webhooks = typer.Typer(
    help="Notify other tools of subscribers who move into the high band.", no_args_is_help=True
)
app.add_typer(webhooks, name="webhooks")


@webhooks.command()
def send(as_json: Json = False) -> None:
    """Queue the newest night's moves into the high band, and try whatever is due, once."""
    from perdura.flows.integrations.send_webhooks import send_webhooks

    sent = send_webhooks()
    if as_json:
        print_json(sent)
        return
    typer.echo(
        f"{sent.queued} new. {sent.delivered} delivered, {sent.failed} to be tried again, "
        f"{sent.dead} given up, {sent.dropped} with nothing to tell any more."
    )
    if sent.trial:
        typer.echo("The newest night is a trial, which is not sent to other tools.")
    if sent.next_at:
        typer.echo(f"The next is due at {sent.next_at:%Y-%m-%d %H:%M} UTC: run this again then.")


@webhooks.command()
def dead(as_json: Json = False) -> None:
    """List the deliveries that were given up, newest first."""
    from perdura.flows.settings import Settings
    from perdura.risk.out.deliveries import dead as given_up
    from perdura.risk.out.targets import host_of
    from perdura.risk.query.queries import published_night
    from perdura.risk.store.connect import reading

    with reading(Settings().risk_url) as connection:
        published_night(connection)
        rows = given_up(connection)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['delivery_id']}  {row['dead_at']:%Y-%m-%d %H:%M}  {host_of(row['target'])}  "
            f"{row['last_status']} after {row['attempts']}"
        )
    typer.echo(f"{len(rows)} given up." if rows else "No deliveries were given up.")


@webhooks.command()
def replay(
    deliveries: Annotated[
        list[str] | None, typer.Argument(help="Which, as 'dead' lists them; by default all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let deliveries that were given up be tried anew; 'send' then tries them."""
    from perdura.flows.settings import Settings
    from perdura.risk.out.clock import now_utc
    from perdura.risk.out.deliveries import replay as try_anew
    from perdura.risk.query.queries import published_night
    from perdura.risk.store.connect import reading, writing

    url = Settings().risk_url
    with reading(url) as connection:
        published_night(connection)
    with writing(url) as connection:
        count = try_anew(connection, deliveries, now_utc())
    if as_json:
        print_json({"replayed": count})
    else:
        typer.echo(f"{count} will be tried anew by: perdura webhooks send")
