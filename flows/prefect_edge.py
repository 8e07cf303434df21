"""Prefect, kept quiet: what it needs set before it is first imported."""

import os

_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # no statistics to anybody
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


def quiet() -> None:
    """Let Prefect say only what went wrong, unless the environment says otherwise."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def log_runs() -> None:
    """Let Prefect log its runs: nobody sits before a schedule to be told otherwise."""
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "true"
