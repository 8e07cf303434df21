"""MLflow's database, waited for aloud before it is opened: MLflow waits in silence."""

import logging
from pathlib import Path

from perdura.flows.runtime.database_files import wait_for
from perdura.models.registry.store_paths import database_file

_REMEDY = (
    "it holds every model: put a backup of it in its place, or move the folder of it away whole "
    "and run perdura train, which begins anew"
)


def wait_for_store(home: Path) -> None:
    """Return once MLflow's database can be written, or where it may only be read.

    Raises:
        DatabaseHeld: Another program has written into it for a minute.
        BrokenDatabase: It is no database any more.
    """
    # It prints statements, parameters and a traceback of an error that is raised all the same.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    wait_for(database_file(home), _REMEDY)
