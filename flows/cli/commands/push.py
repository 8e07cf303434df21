"""``perdura push``: the newest night into help desks and files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app
from perdura.sources.counted import counted

if TYPE_CHECKING:
    from perdura.flows.integrations.help_desks import Name
    from perdura.risk.night import Night

push = typer.Typer(help="Bring the newest night into other tools.", no_args_is_help=True)
app.add_typer(push, name="push")

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print how many would change; send nothing.")
]
Again = Annotated[
    bool, typer.Option("--all", help="Send every subscriber, also where nothing has changed.")
]


@push.command()
def zendesk(dry_run: DryRun = False, send_all: Again = False, as_json: Json = False) -> None:
    """Set user fields in Zendesk: risk band, reasons, what to do. Only changes travel."""
    _push("zendesk", dry=dry_run, send_all=send_all, as_json=as_json)


@push.command()
def intercom(dry_run: DryRun = False, send_all: Again = False, as_json: Json = False) -> None:
    """Set custom attributes in Intercom: risk band, reasons, what to do. Only changes travel."""
    _push("intercom", dry=dry_run, send_all=send_all, as_json=as_json)


@push.command()
def csv(
    file: Annotated[Path, typer.Argument(help="Replaced whole; - is standard output.")],
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Text as it is, for programs: a spreadsheet may run it."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write every subscriber of the newest night into a CSV file, riskiest first."""
    import sys

    from perdura.flows.settings import Settings
    from perdura.risk.integrations.csv_file import write_csv, write_file
    from perdura.risk.records.audited_reads import record_read

    url = Settings().risk_url

    def record(night: "Night") -> None:
        on = str(night.scored_on)
        record_read(url, "cli", "export", warn_if_only_read=True, night=on, format="csv")

    if str(file) == "-":
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        write_csv(url, sys.stdout, raw=raw, on_night=record)
        return
    count = write_file(url, file, raw=raw, on_night=record)
    if as_json:
        print_json({"file": str(file), "rows": count})
    else:
        typer.echo(f"{counted(count, 'subscriber')} in {file}.")


def _push(name: "Name", *, dry: bool, send_all: bool, as_json: bool) -> None:
    from perdura.flows.integrations.help_desks import filling, opened, push_to
    from perdura.flows.runtime.progress import step
    from perdura.flows.settings import Settings
    from perdura.risk.integrations.help_desks.pushing import dry_run

    settings, problems = Settings(), {}
    if dry:
        fields = filling(name, settings.integrations, settings.language)
        with opened(name, settings.integrations, settings.home) as (_, file):
            pushed = dry_run(settings.risk_url, fields, file)
    else:
        with step(f"push {name}", {}) as on_progress:
            pushed, problems = push_to(
                name, settings, surface="cli", all_again=send_all, progress=on_progress
            )
    if as_json:
        print_json({"pushed": pushed, "problems": problems, "dry_run": dry})
        return
    typer.echo(
        f"{pushed.people:,} at risk: {pushed.changed:,} to change, {pushed.cleared:,} to clear."
    )
    if not dry:
        typer.echo(
            f"{pushed.updated:,} told, {pushed.absent:,} not known there, "
            f"{pushed.failed:,} refused."
        )
    for problem, count in [*problems.items()][:5]:
        typer.echo(f"  {count:,} x {problem}")
