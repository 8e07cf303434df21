"""MLflow pointed at the store of a home: imported late, without logs or telemetry."""

import logging
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.registry.served_code import renew_served_code
from perdura.models.registry.store_paths import database_file, relocate, store_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow sends telemetry, draws progress bars, and warns where there is no git.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
_LOUD = ("mlflow", "alembic", "matplotlib")


def tracking_uri(home: Path) -> str:
    """The URI for ``mlflow.set_tracking_uri`` or ``mlflow ui --backend-store-uri``."""
    return f"sqlite:///{database_file(home)}"


@contextmanager
def mlflow_at(home: Path) -> Generator["MlflowClient"]:
    """MLflow pointed at ``home``, without output; its settings are restored afterwards.

    A store that was moved or copied is relocated first. MLflow is imported here, since that takes
    seconds.
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
        # After the import, which sets up logging of its own.
        levels = {logging.getLogger(name): logging.getLogger(name).level for name in _LOUD}
        try:
            for logger in levels:
                logger.setLevel(logging.ERROR)
            yield mlflow.MlflowClient()
        finally:
            mlflow.set_tracking_uri(before)  # pyright: ignore[reportArgumentType] - None unsets
            for logger, level in levels.items():
                logger.setLevel(level)
