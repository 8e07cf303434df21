"""What Prefect has kept of runs: folders to search, and what lies where no search of ours goes."""

import os
from pathlib import Path

from perdura.flows.orchestration.prefect_setup import prefect_folder, setting_of
from perdura.flows.runtime.safe_text import host


def results_folder(home: Path) -> Path:
    """Where Prefect keeps what failed runs raised, by default."""
    return prefect_folder(home) / "storage"


def folders_outside(home: Path) -> list[Path]:
    """Folders of Prefect outside of the home: the user's own, and the one of older versions."""
    home = home.absolute()
    named = [setting_of("PREFECT_HOME"), setting_of("PREFECT_LOCAL_STORAGE_PATH"), "~/.prefect"]
    folders = {Path(name).expanduser().absolute() for name in named if name}
    outside = {folder for folder in folders if folder.is_dir() and not folder.is_relative_to(home)}
    return sorted(folder for folder in outside if outside.isdisjoint(folder.parents))


def out_of_reach() -> list[str]:
    """What may name subscribers and cannot be searched from here, in words."""
    words: list[str] = []
    if url := setting_of("PREFECT_API_URL"):
        words.append(f"the database and the logs of Prefect's server at {host(url)}")
    if setting_of("PREFECT_API_DATABASE_CONNECTION_URL") or setting_of(
        "PREFECT_SERVER_DATABASE_CONNECTION_URL"
    ):
        words.append("the database that Prefect's settings name")
    if url := os.environ.get("MLFLOW_TRACKING_URI"):
        words.append(f"models that were copied to MLflow at {host(url)}")
    return words
