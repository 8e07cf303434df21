"""The command that forgets people."""

from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


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
    from perdura.flows.orchestration.prefect_setup import make_folder
    from perdura.flows.runtime.writable_home import refuse_read_only
    from perdura.flows.settings import Settings

    settings = Settings()
    if not check and not dry_run:
        refuse_read_only(settings.home)
        make_folder()
    from perdura.flows.cli.render.erasure import (
        print_forgotten,
        print_kept,
        print_search,
        refuse_left,
    )
    from perdura.flows.erasure.erase import forget as forget_people
    from perdura.flows.erasure.erase import kept_about, look_for

    if check:
        searched = look_for(settings, subscribers)
        print_json(searched) if as_json else print_search(searched)
        refuse_left(searched)
        return
    kept = kept_about(settings, subscribers)
    if dry_run:
        print_json(kept) if as_json else print_kept(kept)
        return
    if not yes:
        print_kept(kept)
        typer.confirm("Erase all of this for good?", abort=True, err=True)
    done = forget_people(settings, subscribers)
    print_json(done) if as_json else print_forgotten(done, settings.risk_url)
    refuse_left(done.searched)
