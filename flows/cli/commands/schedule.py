"""The command that runs nights, trainings and the rest when they are due."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app


@app.command()
def schedule(
    health: Annotated[
        bool,
        typer.Option("--health", help="Check the running schedule; exit 1 if something is wrong."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the night at 02:00 (schedule.night_at), training on Mondays, states every ten minutes."""
    if health:
        _print_health(as_json=as_json)
        return
    from perdura.flows.configuration.setting_values import refuse_missing
    from perdura.flows.orchestration.prefect_setup import log_runs, scheduling_server
    from perdura.flows.runtime.writable_home import refuse_read_only
    from perdura.flows.scheduling.lock import serving
    from perdura.flows.settings import Settings

    settings = Settings()
    refuse_missing(settings.files.items())
    refuse_read_only(settings.home)
    log_runs()
    with serving(settings.home), scheduling_server(settings.home):
        from perdura.flows.scheduling.schedule import hours, serve_flows

        if as_json:
            print_json({"deployments": hours()})
        serve_flows(announced=as_json)


def _print_health(*, as_json: bool) -> None:
    from datetime import UTC, datetime

    from perdura.flows.scheduling.health import read_health
    from perdura.flows.settings import Settings

    found = read_health(Settings().home, datetime.now(UTC))
    if as_json:
        print_json(found)
    else:
        typer.echo(
            "\n".join(found.problems) or f"all well at {found.checked_at:%Y-%m-%d %H:%M} UTC"
        )
    if found.problems:
        raise typer.Exit(1)
