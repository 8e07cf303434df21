"""``perdura check``: a mapping tried out on its sources."""

from pathlib import Path
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Day, Json, app, checked_settings, day_of


@app.command()
def check(
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file; by default the home's.")
    ] = None,
    until: Day = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Read all of an API, not a sample.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Try a mapping out: what it gives, and one line for each problem. Nothing is kept."""
    from perdura.flows.cli.render.source_check import print_check
    from perdura.flows.configuration.dates import today
    from perdura.flows.onboarding.source_check import check_sources
    from perdura.flows.runtime.progress import step

    settings = checked_settings()
    file = mapping or settings.mapping or settings.home / "mapping.toml"
    with step("check", {}) as on_progress:
        found = check_sources(
            file, settings, day_of(until) or today(), whole=whole, on_progress=on_progress
        )
    print_json(found.as_dict()) if as_json else print_check(found)
    if not found.is_fine:
        raise typer.Exit(1)
