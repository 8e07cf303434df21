"""Prefect, kept quiet and started in sight: what is to be done before it is first imported."""

import logging
import os
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from perdura.flows.runtime.progress import STDERR, step

_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # no statistics are sent,
    "DO_NOT_TRACK": "1",  # neither from the server nor from the client
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",  # into its log
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


def quiet() -> None:
    """Let Prefect say only what went wrong, and write into the home, unless it is set otherwise."""
    folder = prefect_folder(Path(os.environ.get("PERDURA_HOME") or ".").expanduser())
    there = next(path for path in (folder, *folder.parents) if path.exists())
    settings, profiles = dict(_QUIET), _profiles()
    if not setting_of("PREFECT_HOME") and os.access(there, os.W_OK):
        settings["PREFECT_HOME"] = str(folder)
        # The user's own profile, which would lie in PREFECT_HOME, stays the one that counts.
        if profiles.exists():
            settings["PREFECT_PROFILES_PATH"] = str(profiles)
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    # It warns of events still on their way when a command has failed and said so.
    logging.getLogger("EventsWorker").setLevel(logging.CRITICAL)


def start(*, on_cluster: bool = False) -> None:
    """Wait for Prefect's server, where one records the runs; without one there is none to start.

    Args:
        on_cluster: Prefect hands out the parts: a server is needed, and started for the command.
    """
    if not (setting_of("PREFECT_API_URL") or on_cluster):
        return
    from perdura.flows.orchestration.prefect_database import (
        NoServer,
        not_started,
        wait_for_database,
    )
    from perdura.flows.runtime.database_files import BrokenDatabase

    make_folder()
    wait_for_database()
    with step("start Prefect", {}):
        from prefect.client.orchestration import get_client

        from perdura.flows.orchestration.temporary_server import end_with_us

        end_with_us()
        try:
            with get_client(sync_client=True) as client:
                client.hello()
        except (NoServer, BrokenDatabase):
            raise
        except Exception as error:
            if url := setting_of("PREFECT_API_URL"):
                raise _no_answer(url) from error
            raise not_started(str(error).partition("\n")[0].rstrip(".")) from error


@contextmanager
def scheduling_server(home: Path) -> Generator[None]:
    """The Prefect server that is set; where none is, one of this command's own.

    To be entered before Prefect is first imported.
    """
    make_folder()
    if setting_of("PREFECT_API_URL"):
        yield
        return
    from perdura.flows.orchestration.prefect_database import wait_for_database
    from perdura.flows.orchestration.prefect_server import own_server

    wait_for_database()
    with own_server(prefect_folder(home) / "server.log") as url:
        os.environ["PREFECT_API_URL"] = url
        STDERR.print(f"Prefect's pages, while this runs: {url.removesuffix('/api')}")
        yield


def log_runs() -> None:
    """Let Prefect log its runs: a schedule has no reader at its terminal."""
    make_folder()
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "true"


def _no_answer(url: str) -> Exception:
    from perdura.flows.orchestration.prefect_database import NoServer
    from perdura.flows.runtime.safe_text import host

    return NoServer(
        f"Prefect's server at {host(url)} (PREFECT_API_URL) does not answer; start it, or unset "
        "PREFECT_API_URL, and the command starts one for itself"
    )


def prefect_folder(home: Path) -> Path:
    """Where Prefect keeps runs, logs and results, unless its own settings name another place."""
    return home.absolute() / "data" / "prefect"


def make_folder() -> None:
    """Make Prefect's folder, before Prefect is first imported.

    Prefect makes none where the parent is missing: it warns, and waits for ever.
    """
    if folder := os.environ.get("PREFECT_HOME"):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)


def setting_of(name: str) -> str | None:
    """One of Prefect's settings as the user has set it, in the environment or in their profile."""
    if value := os.environ.get(name):
        return value
    try:
        profiles = tomllib.loads(_profiles().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a file that cannot be read is Prefect's to report
        return None
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active")
    return profiles.get("profiles", {}).get(active, {}).get(name)


def _profiles() -> Path:
    return Path(os.environ.get("PREFECT_PROFILES_PATH") or "~/.prefect/profiles.toml").expanduser()
