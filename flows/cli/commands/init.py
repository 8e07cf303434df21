"""``perdura init``: a first mapping and settings, from where the data are."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdura.flows.onboarding.first_mapping import WhereDataAre
    from perdura.flows.onboarding.source_check import SourceCheck

_Folder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of its export.")]


@app.command()
def init(  # noqa: PLR0917 - one option for each kind of source
    files: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Folder of CSV, JSON lines or Parquet files."),
    ] = None,
    stripe: _Folder = None,
    zendesk: _Folder = None,
    recurly: _Folder = None,
    intercom: _Folder = None,
    stripe_key: Annotated[
        str | None,
        typer.Option(metavar="$NAME", help="Variable that holds a key of Stripe's API."),
    ] = None,
    zendesk_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Of a Zendesk account, to read its API.")
    ] = None,
    zendesk_token: Annotated[
        str | None, typer.Option(metavar="$NAME", help="Variable that holds its token.")
    ] = None,
    zendesk_email: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Of the administrator, if it is an API token."),
    ] = None,
    database: Annotated[
        list[str] | None,
        typer.Option(metavar="$NAME", help="Variable that holds the address of a database."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Of amounts that tell none, such as EUR.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of times that tell none.")] = "UTC",
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="How 03/04/2026 is read."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Overwrite without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Look at the data, write a mapping and settings for them, and try them out."""
    from perdura.flows.onboarding.accounts import accounts_of
    from perdura.flows.onboarding.first_mapping import WhereDataAre

    vendors = {"stripe": stripe, "zendesk": zendesk, "recurly": recurly, "intercom": intercom}
    where = WhereDataAre(
        files=tuple(files or ()),
        vendors={name: folder for name, folder in vendors.items() if folder},
        accounts=accounts_of(stripe_key, zendesk_url, zendesk_token, zendesk_email),
        databases=tuple(database or ()),
        currency=currency,
        timezone=timezone,
        day_first=day_first,
    )
    _start(where, overwrite=yes, as_json=as_json)


def _start(where: "WhereDataAre", *, overwrite: bool, as_json: bool) -> None:
    from perdura.flows.cli.render.source_check import print_check, print_guesses
    from perdura.flows.configuration.dates import today
    from perdura.flows.onboarding.first_mapping import NoSources, first_mapping
    from perdura.flows.onboarding.first_settings import settings_text
    from perdura.flows.onboarding.source_check import check_sources
    from perdura.flows.runtime.progress import step
    from perdura.flows.settings import FILE, Settings, refuse_other_mapping

    home = Path(os.environ.get("PERDURA_HOME") or ".").expanduser()
    where = where if _says_anything(where) or not _is_asked() else _asked(where)
    mapping, settings_file = home / "mapping.toml", home / FILE
    first = first_mapping(where, home, _ask_order)
    home.mkdir(parents=True, exist_ok=True)
    if settings_file.exists():
        refuse_other_mapping(Settings(), mapping)
    before = {
        file: file.read_bytes() if file.exists() else None for file in (mapping, settings_file)
    }
    if _may_write(mapping, overwrite=overwrite):
        mapping.write_text(first.text, encoding="utf-8")
    if _may_write(settings_file, overwrite=overwrite):
        settings_file.write_text(settings_text(mapping, where.timezone), encoding="utf-8")
    with step("check", {}) as on_progress:
        found = check_sources(mapping, Settings(), today(), on_progress=on_progress)
    # An account may answer tomorrow; a folder that is no export stays none.
    if not found.is_readable and not where.accounts:
        _restore(before)
        raise NoSources(f"nothing can be read, so nothing is written: {found.why_unreadable}")
    if as_json:
        print_json({"mapping": str(mapping), "settings": str(settings_file), **found.as_dict()})
    else:
        print_guesses(first)
        print_check(found)
        _say_next(mapping, settings_file, found)
    if not found.is_fine:
        raise typer.Exit(1)


def _say_next(mapping: Path, settings_file: Path, found: "SourceCheck") -> None:
    """What was written, and the command that is next."""
    from perdura.flows.configuration.dates import today

    typer.echo(f"Written: {mapping} and {settings_file}. Look at both, then:")
    if not found.can_train:
        typer.echo("  perdura check    # there is no event yet that tells who left")
        return
    day = found.until or today()
    typer.echo(f"  perdura train --until {day}    # loads the events first")
    typer.echo(f"  perdura score --on {day}       # the list; perdura risk shows it again")


def _restore(before: "Mapping[Path, bytes | None]") -> None:
    """Put files back as they were."""
    for file, content in before.items():
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content)


def _asked(where: "WhereDataAre") -> "WhereDataAre":
    """The answers to the questions; a stop among them says so."""
    from perdura.flows.cli.where import ask_where

    try:
        return ask_where(where)
    except typer.Abort:
        typer.echo("\nStopped; nothing written.", err=True)
        raise typer.Exit(1) from None


def _is_asked() -> bool:
    """Whether a person can answer questions."""
    return sys.stdin.isatty()


def _says_anything(where: "WhereDataAre") -> bool:
    return bool(where.files or where.vendors or where.accounts or where.databases)


def _ask_order(columns: list[str]) -> bool | None:
    if not _is_asked():
        return None
    return typer.confirm(f"In {', '.join(columns)}: is 03/04/2026 the third of April?")


def _may_write(file: Path, *, overwrite: bool) -> bool:
    """Whether a file is not there, or may be overwritten.

    Raises:
        FileExistsError: It is there, and no terminal to ask on.
    """
    if overwrite or not file.exists():
        return True
    if not _is_asked():
        raise FileExistsError(
            f"{file.absolute()} is there already, and is yours; move it away, or overwrite it with "
            "--yes"
        )
    return typer.confirm(f"{file} is there already. Overwrite it?")
