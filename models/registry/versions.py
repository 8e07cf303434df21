"""The registered versions of the model, and which of them is the champion, which the alias names.

What predicts something else than ``churn@champion`` does is a registered model of its own, so that
neither takes the place of the other.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.predictor.churn_model import SERVED_FOLDER, ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.store_paths import OutsideTheHome, in_home

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

MODEL = "churn"
ALIAS = "champion"
#: Tag of a version: the moment at which it became champion.
PROMOTED_AT = "promoted_at"


class BrokenChampion(LookupError):
    """A version reigns whose files are gone."""


def model_name(client: "MlflowClient", home: Path, question: Question) -> str:
    """The registered model that answers a question.

    ``churn``, unless its champion answers another one: then a model of its own.
    """
    if registered(client, question.model_name):
        return question.model_name
    try:
        champion = current_champion(client, home)
    except BrokenChampion:  # whatever it answered, it is to be replaced
        return MODEL
    other = champion is not None and Question.of(champion[0]) != question
    return question.model_name if other else MODEL


def label(name: str, version: str) -> str:
    """How a version is called in the risk table: ``7``, or ``NAME/7`` of a model of its own."""
    return version if name == MODEL else f"{name}/{version}"


def current_champion(
    client: "MlflowClient", home: Path, name: str = MODEL
) -> tuple[ChurnModel, str] | None:
    """The model that the alias names and its version; none where there is no model or alias.

    Its files are found relative to ``home``, wherever that lies by now.

    Raises:
        BrokenChampion: The alias names a version whose files are gone, or not in ``home``.
    """
    model = registered(client, name)
    number = model.aliases.get(ALIAS) if model else None
    if number is None:
        return None
    return load(client, home, name, str(number)), str(number)


def load(client: "MlflowClient", home: Path, name: str, number: str) -> ChurnModel:
    """A version of a registered model, its files found as of ``current_champion``.

    Raises:
        BrokenChampion: Its files are gone, or not in ``home``.
    """
    location = client.get_model_version_download_uri(name, number)
    try:
        folder = in_home(home, location) / "artifacts" / SERVED_FOLDER
    except OutsideTheHome as error:
        raise BrokenChampion(f"version {number} is the champion, and {error}") from error
    if not folder.is_dir():
        raise BrokenChampion(
            f"version {number} is the champion, and its files are not in {folder}. Restore that "
            "folder from where the home was copied from, or from a backup; perdura train makes a "
            "new champion"
        )
    return ChurnModel.load(folder)


def champion_at(client: "MlflowClient", name: str, moment: datetime) -> str | None:
    """The version of a registered model that was champion at ``moment``, if there was one."""
    promoted = [
        (at, int(found.version))
        for found in client.search_model_versions(f"name = '{name}'")
        if (at := _promoted_at(found)) is not None and at <= moment
    ]
    return str(max(promoted)[1]) if promoted else None


def _promoted_at(found: "ModelVersion") -> datetime | None:
    """When a version became champion; versions of before the tag, when they were registered."""
    if PROMOTED_AT in found.tags:
        return datetime.fromisoformat(found.tags[PROMOTED_AT])
    if found.tags.get("promoted") != "true":
        return None
    return datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)


def registered(client: "MlflowClient", name: str) -> "RegisteredModel | None":
    """The registered model, none where it is not there; any other fault is raised as it is."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def model_names(client: "MlflowClient") -> list[str]:
    """The registered models that are ours, whatever they predict; ``churn`` first."""
    found: list[str] = []
    page = None
    while page is None or page:
        some = client.search_registered_models(f"name LIKE '{MODEL}%'", page_token=page)
        found += [model.name for model in some]
        page = some.token or ""
    return sorted(name for name in found if name == MODEL or name.startswith(f"{MODEL}-"))


def versions(client: "MlflowClient", name: str) -> "list[ModelVersion]":
    """All versions of a registered model, oldest first."""
    found: list[ModelVersion] = []
    page = None
    while page is None or page:
        some = client.search_model_versions(f"name = '{name}'", page_token=page)
        found += some
        page = some.token or ""
    return sorted(found, key=lambda version: int(version.version))
