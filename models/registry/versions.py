"""The registered versions of the model, and the champion: the version with the alias.

A model that answers another question than ``churn@champion`` is another registered model, so that
neither replaces the other.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """The champion's files are gone."""


def model_name(client: "MlflowClient", home: Path, question: Question) -> str:
    """The registered model that answers a question.

    ``churn``, unless its champion answers another one: then a model of its own.
    """
    if registered(client, question.model_name):
        return question.model_name
    try:
        champion = current_champion(client, home)
    except BrokenChampion:  # it is to be replaced
        return MODEL
    other = champion is not None and Question.of(champion[0]) != question
    return question.model_name if other else MODEL


def label(name: str, version: str) -> str:
    """A version's label in the risk table: ``7``, or ``NAME/7`` of another registered model."""
    return version if name == MODEL else f"{name}/{version}"


def current_champion(
    client: "MlflowClient", home: Path, name: str = MODEL
) -> tuple[ChurnModel, str] | None:
    """The model with the alias and its version; ``None`` where there is no model or alias.

    Its files are found relative to ``home``, also after a move.

    Raises:
        BrokenChampion: The files of the version with the alias are gone, or not in ``home``.
    """
    model: Any = registered(client, name)  # MLflow declares its types only in part
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
        (promoted_at, int(str(version.version)))
        for version in versions(client, name)
        if (promoted_at := _promoted_at(version)) is not None and promoted_at <= moment
    ]
    return str(max(promoted)[1]) if promoted else None


def _promoted_at(version: "ModelVersion") -> datetime | None:
    """When a version became champion; for versions older than the tag, when it was registered."""
    tags: dict[str, str] = version.tags
    if PROMOTED_AT in tags:
        return datetime.fromisoformat(tags[PROMOTED_AT])
    if tags.get("promoted") != "true":
        return None
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)


def registered(client: "MlflowClient", name: str) -> "RegisteredModel | None":
    """The registered model; ``None`` where it does not exist. Other errors are raised."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def model_names(client: "MlflowClient") -> list[str]:
    """The names of our registered models, of any question; ``churn`` first."""

    def search(page: str | None) -> Any:
        return client.search_registered_models(f"name LIKE '{MODEL}%'", page_token=page)

    found = [str(model.name) for model in _all_pages(search)]
    return sorted(name for name in found if name == MODEL or name.startswith(f"{MODEL}-"))


def versions(client: "MlflowClient", name: str) -> "list[ModelVersion]":
    """All versions of a registered model, oldest first."""

    def search(page: str | None) -> Any:
        return client.search_model_versions(f"name = '{name}'", page_token=page)

    return sorted(_all_pages(search), key=lambda version: int(version.version))


def _all_pages(search: Callable[[str | None], Any]) -> list[Any]:
    """The results of all pages of a search in the registry."""
    found: list[Any] = []
    page: str | None = None
    while page is None or page:
        results = search(page)
        found += results
        page = str(results.token or "")
    return found
