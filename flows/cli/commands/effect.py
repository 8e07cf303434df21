"""``perdura effect``: the effect of contacting subscribers."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import plain, print_json
from perdura.flows.cli.root import Day, Json, app, checked_settings, day_of


@app.command()
def effect(
    since: Day = None,
    worth: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=0.5, help="Smallest difference worth detecting: 0.02 is 2 points."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate the effect of contacting subscribers, compared with the control group."""
    from perdura.flows.cli.refusals import refuse_effect
    from perdura.flows.orchestration.prefect_setup import start

    refuse_effect(checked_settings())
    start()
    from perdura.flows.cli.render.effect import in_words, print_effect
    from perdura.flows.effect import contact_effect

    found = contact_effect(day_of(since), worth=worth)
    if as_json:
        print_json({"says": in_words(found), **plain(found)})
    else:
        print_effect(found)
