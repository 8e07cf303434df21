"""Prefect, kept quiet and started in sight: what is to be done before it is first imported."""

import logging
import os
import tomllib
from pathlib import Path

from flows.progress import step

_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # no statistics to anybody,
    "DO_NOT_TRACK": "1",  # neither from the server nor from the client
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


def quiet() -> None:
    """Let Prefect say only what went wrong, and write into the home, unless it is set otherwise."""
    for name, value in (_QUIET | _folders()).items():
        os.environ.setdefault(name, value)
    # It warns of events still on their way when a command has failed and said so.
    logging.getLogger("EventsWorker").setLevel(logging.CRITICAL)


def start() -> None:
    """Wait for Prefect's server, which a first flow would start in silence for ten seconds."""
    _make_folder()
    with step("start Prefect", {}):
        from prefect.client.orchestration import get_client

        from flows.temporary_server import end_with_us

        end_with_us()
        with get_client(sync_client=True) as client:
            client.hello()


def log_runs() -> None:
    """Let Prefect log its runs: nobody sits before a schedule to be told otherwise."""
    _make_folder()
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "true"


def prefect_folder(home: Path) -> Path:
    """Where Prefect keeps runs, logs and results, unless its own settings name another place."""
    return home.absolute() / "data" / "prefect"


def _make_folder() -> None:
    """Make Prefect's folder: Prefect makes none whose parent is missing, and waits for ever."""
    if folder := os.environ.get("PREFECT_HOME"):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)


def _folders() -> dict[str, str]:
    """Prefect's settings of places; none where the user has set ``PREFECT_HOME``.

    The user's own profile, which would lie in ``PREFECT_HOME``, stays the one that counts.
    """
    profiles = Path("~/.prefect/profiles.toml").expanduser()
    home = Path(os.environ.get("PERDURA_HOME") or ".").expanduser()
    if "PREFECT_HOME" in os.environ | _profile(profiles) or not _is_writable(home):
        return {}
    folders = {"PREFECT_HOME": str(prefect_folder(home))}
    return folders | ({"PREFECT_PROFILES_PATH": str(profiles)} if profiles.exists() else {})


def _profile(file: Path) -> dict[str, str]:
    """The settings of the active profile. A file that cannot be read is Prefect's to report."""
    try:
        profiles = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active")
    return profiles.get("profiles", {}).get(active, {})


def _is_writable(home: Path) -> bool:
    """Whether the folder can be written to; of one that is not there, whether it can be made."""
    folder = prefect_folder(home)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(there, os.W_OK)
