"""``perdura extract``: load what the sources know."""

from pathlib import Path
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Day, Json, app, checked_settings, day_of


@app.command()
def extract(
    mapping: Annotated[
        Path | None,
        typer.Option(help="TOML file that says where everything is; by default the home's."),
    ] = None,
    until: Day = None,
    as_json: Json = False,
) -> None:
    """Load everything that was known before --until (by default today)."""
    from perdura.flows.cli.refusals import refuse_extract
    from perdura.flows.configuration.dates import today
    from perdura.flows.orchestration.prefect_setup import start

    settings, day = checked_settings(), day_of(until) or today()
    mapping = mapping or settings.mapping
    if mapping is None:
        typer.echo(
            "perdura: this home has no mapping; give --mapping FILE, or let perdura init write one",
            err=True,
        )
        raise typer.Exit(1)
    refuse_extract(settings, mapping, day)
    start()
    from perdura.flows.cli.render.runs import print_report, refuse_all_rejected
    from perdura.flows.steps.extract_sources import extract_sources
    from perdura.sources.extract import IncompleteExtract

    try:
        report, problem = extract_sources(mapping, day, patient=False), None
    except IncompleteExtract as error:
        report, problem = error.report, error
    print_json(report.as_dict()) if as_json else print_report(report)
    if problem:
        raise problem
    refuse_all_rejected(report)
