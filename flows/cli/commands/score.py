"""``perdura score``: a night."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Day, Json, app, checked_settings, day_of, start_and_compile


@app.command()
def score(
    on: Day = None,
    trial: Annotated[
        bool,
        typer.Option(
            "--trial",
            help="If no model was promoted: use the best refused one; the night is a trial.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Score every active subscriber --on a date (by default today) and publish the night."""
    from perdura.flows.cli.refusals import refuse_night

    refuse_night(checked_settings(files=True), day_of(on), trial=trial)
    start_and_compile()
    from perdura.flows.cli.render.runs import print_night
    from perdura.flows.score_nightly import score_nightly

    night = score_nightly(day_of(on), trial=trial, patient=False)
    print_json(night) if as_json else print_night(night)
