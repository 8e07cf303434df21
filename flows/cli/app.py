"""The command line. Heavy imports wait inside the commands, so that help comes at once."""

import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import typer

from perdura.flows.cli import commands
from perdura.flows.cli.root import app
from perdura.flows.runtime.safe_text import is_ours, safe_text

#: By name, as their modules import what is heavy.
_OF_AN_EMPTY_HOME = ("NoNight", "NothingLanded", "NoChampion", "NoTrial")

for command in iter_modules(commands.__path__):
    import_module(f"{commands.__name__}.{command.name}")


def main() -> None:
    """Run the command line. What is ours to say is said in words; anything else is a fault."""
    from perdura.flows.orchestration.prefect_setup import quiet

    quiet()
    try:
        app()
    except Exception as error:
        if "PERDURA_DEBUG" in os.environ or not (words := _in_words(error)):
            error.__suppress_context__ = error.__cause__ is not None  # say what it came from
            raise
        typer.secho(f"perdura: {words}", fg="red", err=True)
        sys.exit(1)


def _in_words(error: Exception) -> str | None:
    """What is ours to say of an error, or the machine's; ``None`` where it is a fault of ours."""
    from perdura.flows.runtime.failures import failure_in_words

    home = Path(os.environ.get("PERDURA_HOME") or ".").expanduser()
    if words := failure_in_words(error, home):
        return words
    package = type(error).__module__.split(".")[0]
    if package.startswith("pydantic"):
        from perdura.flows.settings import mistakes

        return mistakes(error)
    if package in ("sqlalchemy", "sqlite3", "psycopg"):
        return safe_text(error)
    is_said = is_ours(error) or package == "tomllib" or isinstance(error, OSError)
    return f"{error}{_first_steps(error, home)}" if is_said else None


def _first_steps(error: Exception, home: Path) -> str:
    """What to begin with, where a command lacks what an empty home cannot have."""
    is_empty = not (home / "perdura.toml").exists() and not (home / "data" / "landing").exists()
    if is_empty and type(error).__name__ in _OF_AN_EMPTY_HOME:
        return ". This home is empty: begin with `perdura init`, or see `perdura demo`"
    return ""


if __name__ == "__main__":
    main()
