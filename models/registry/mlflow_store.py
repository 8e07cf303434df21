"""Where MLflow keeps things, and MLflow itself: opened late, pointed there, and silent."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.registry.served_code import renew_served_code
from perdura.models.registry.store_paths import database_file, relocate, store_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow counts its users over the network, draws bars, and looks for a git that it can do without.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
_LOUD = ("mlflow", "alembic", "matplotlib")


def tracking_uri(home: Path) -> str:
    """What to give to ``mlflow.set_tracking_uri`` or ``mlflow ui --backend-store-uri``."""
    return f"sqlite:///{database_file(home)}"


@contextmanager
def mlflow_at(home: Path) -> Iterator["MlflowClient"]:
    """MLflow pointed at ``home``, without a word to the user; afterwards as it was before.

    A store that was moved or copied is relocated first. MLflow is imported here and not before:
    that takes seconds.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        store_folder(home).mkdir(parents=True, exist_ok=True)
        relocate(home)
        renew_served_code(home)
        before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(tracking_uri(home))
        # Only now: its import sets up logging of its own.
        with _silenced():
            try:
                yield mlflow.MlflowClient()
            finally:
                mlflow.set_tracking_uri(before)  # pyright: ignore[reportArgumentType] - None unsets


@contextmanager
def _silenced() -> Iterator[None]:
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in _LOUD}
    try:
        for logger in levels:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
