"""The command that updates the states of the latest night."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app


@app.command()
def states(
    ask: Annotated[bool, typer.Option(help="Extract what is new first.")] = True,
    as_json: Json = False,
) -> None:
    """Update the states of the subscribers in the latest night. Run it every few minutes."""
    from perdura.flows.cli.refusals import refuse_states
    from perdura.flows.configuration.setting_values import refuse_missing
    from perdura.flows.orchestration.prefect_setup import start
    from perdura.flows.settings import Settings

    settings = Settings()
    if ask:
        refuse_missing([("mapping", settings.mapping)])
    refuse_states(settings)
    start()
    from perdura.flows.cli.render.runs import print_states
    from perdura.flows.refresh_states import refresh_states

    done = refresh_states(extract_first=ask)
    print_json(done) if as_json else print_states(done)
