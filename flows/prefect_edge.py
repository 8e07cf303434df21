"""Prefect, kept quiet and started in sight: what is to be done before it is first imported."""

import logging
import os

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
    """Let Prefect say only what went wrong, unless the environment says otherwise."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    # It warns of events still on their way when a command has failed and said so.
    logging.getLogger("EventsWorker").setLevel(logging.CRITICAL)


def start() -> None:
    """Wait for Prefect's server, which a first flow would start in silence for ten seconds."""
    with step("start Prefect", {}):
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            client.hello()


def log_runs() -> None:
    """Let Prefect log its runs: nobody sits before a schedule to be told otherwise."""
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "true"
