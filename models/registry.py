"""The versions of the model, and which of them reigns: the one that the alias names."""

from pathlib import Path
from typing import TYPE_CHECKING

from models.model import SERVED_FOLDER, ChurnModel
from models.store_paths import OutsideTheHome, in_home
from models.trained import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

MODEL = "churn"
ALIAS = "champion"

_LATE = (
    "Not promoted after all: version {} reigns by now, and this model was not compared with it; "
    "train again."
)


class BrokenChampion(LookupError):
    """A version reigns whose files are gone."""


def reigning(client: "MlflowClient", home: Path) -> tuple[ChurnModel, str] | None:
    """The model that the alias names and its version; none where there is no model or alias.

    Its files are found relative to ``home``, wherever that lies by now.

    Raises:
        BrokenChampion: The alias names a version whose files are gone, or not in ``home``.
    """
    registered = _registered(client)
    number = registered.aliases.get(ALIAS) if registered else None
    if number is None:
        return None
    location = client.get_model_version_download_uri(MODEL, str(number))
    try:
        folder = in_home(home, location) / "artifacts" / SERVED_FOLDER
    except OutsideTheHome as error:
        raise BrokenChampion(f"version {number} reigns, and {error}") from error
    if not folder.is_dir():
        raise BrokenChampion(
            f"version {number} reigns, and its files are not in {folder}. Restore that folder from "
            "where the home was copied from, or from a backup; perdura train makes a new champion"
        )
    return ChurnModel.load(folder), str(number)


def _registered(client: "MlflowClient") -> "RegisteredModel | None":
    """The registered model, none where it is not there; any other fault is raised as it is."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(MODEL)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def crown(
    client: "MlflowClient", home: Path, trained: Trained, registered: str, run_id: str
) -> None:
    """Move the alias, then say so; or say why not, where another reigns than was compared with."""
    now = _still_reigning(client, home)
    if now is not None and now[0] not in (trained.beaten, trained.model):
        tags = {"verdict": " ".join([*trained.verdict.reasons, _LATE.format(now[1])])}
    else:
        client.set_registered_model_alias(MODEL, ALIAS, registered)
        tags = {"promoted": "true"}
    for name, value in tags.items():
        client.set_model_version_tag(MODEL, registered, name, value)
        client.set_tag(run_id, name, value)


def _still_reigning(client: "MlflowClient", home: Path) -> tuple[ChurnModel, str] | None:
    try:
        return reigning(client, home)
    except BrokenChampion:
        return None


def register(client: "MlflowClient", source: str, run_id: str, tags: dict[str, str]) -> str:
    """The new version, e.g. ``"7"``, of the model that was logged as ``source`` by a run."""
    if _registered(client) is None:
        client.create_registered_model(MODEL)
    made = client.create_model_version(
        MODEL, source, run_id, tags=tags, model_id=source.rpartition("/")[2]
    )
    return str(made.version)
