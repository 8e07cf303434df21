"""The command line that every command adds itself to, and the options that several have."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from perdura.flows.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"perdura {version('perdura')}")
        raise typer.Exit


@app.callback()
def perdura(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Who may leave, why, what it costs, and what to do."""


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - only its date is used
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-11-30") from None


Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Day = Annotated[datetime | None, typer.Option(parser=_date, metavar="DATE")]


def day_of(moment: datetime | None) -> date | None:
    """The date that an option ``Day`` gives."""
    return None if moment is None else moment.date()


def checked_settings(*, files: bool = False) -> "Settings":
    """The settings, if they, and with ``files`` those that they name, are as they should be."""
    from perdura.flows.configuration.setting_values import refuse_missing
    from perdura.flows.settings import Settings

    settings = Settings()
    if files:
        refuse_missing(settings.files.items())
    return settings


def start_and_compile() -> None:
    """Start Prefect, and beside it compile the loops, where that has not been done yet."""
    from perdura.flows.orchestration.prefect_setup import start
    from perdura.flows.runtime.compile_loops import compiling

    with compiling():
        start(on_cluster=bool(checked_settings().compute.cluster))
