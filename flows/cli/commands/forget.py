"""The command that erases subscribers."""

from typing import TYPE_CHECKING, Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app

if TYPE_CHECKING:
    from perdura.flows.settings import Settings


@app.command()
def forget(
    subscribers: Annotated[list[str], typer.Argument(metavar="SUBSCRIBER...")],
    check: Annotated[
        bool, typer.Option("--check", help="Only search where they are still named.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be erased.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase subscribers from everything that is kept. Extracts then refuse their rows."""
    from perdura.flows.settings import Settings

    settings = Settings()
    if check:
        _search(settings, subscribers, as_json=as_json)
        return
    if not dry_run:
        from perdura.flows.orchestration.prefect_setup import make_folder
        from perdura.flows.runtime.writable_home import refuse_read_only

        refuse_read_only(settings.home)
        make_folder()
    _erase(settings, subscribers, dry_run=dry_run, yes=yes, as_json=as_json)


def _search(settings: "Settings", subscribers: list[str], *, as_json: bool) -> None:
    from perdura.flows.cli.render.erasure import print_search, refuse_left
    from perdura.flows.erasure.erase import look_for

    searched = look_for(settings, subscribers)
    print_json(searched) if as_json else print_search(searched)
    refuse_left(searched)


def _erase(
    settings: "Settings", subscribers: list[str], *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    from perdura.flows.cli.render.erasure import print_forgotten, print_kept, refuse_left
    from perdura.flows.erasure.erase import forget, kept_about

    kept = kept_about(settings, subscribers)
    if dry_run:
        print_json(kept) if as_json else print_kept(kept)
        return
    if not yes:
        print_kept(kept)
        _confirm()
    done = forget(settings, subscribers)
    print_json(done) if as_json else print_forgotten(done, settings.risk_url)
    refuse_left(done.searched)


class NoAnswer(ValueError):
    """No answer can be read. Nothing was erased."""


def _confirm() -> None:
    """Ask; without a yes nothing is erased.

    Raises:
        NoAnswer: Standard input is closed or at its end.
    """
    import sys

    unanswered = NoAnswer("nothing was erased, as no answer came; add --yes to erase unasked")
    if sys.stdin is None:
        raise unanswered
    try:
        is_sure = typer.confirm("Erase all of this for good?", err=True)
    except typer.Abort:
        if sys.stdin.isatty():  # by Ctrl-C
            raise
        typer.echo(err=True)
        raise unanswered from None
    if not is_sure:
        raise typer.Abort
