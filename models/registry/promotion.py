"""Register a version, and promote it to champion by its verdict."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.registry.versions import (
    ALIAS,
    PROMOTED_AT,
    BrokenChampion,
    current_champion,
    registered,
)
from perdura.models.training.result import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LATE = (
    "Not promoted after all: version {} is the champion by now, and this model was not "
    "compared with it; "
    "train again."
)


def promote(
    client: "MlflowClient", home: Path, trained: Trained, *, name: str, number: str, run_id: str
) -> None:
    """Move the alias, then tag the version; or tag why not, where the champion has changed."""
    try:
        now = current_champion(client, home, name)
    except BrokenChampion:
        now = None
    if now is not None and now[0] not in (trained.previous_champion, trained.model):
        tags = {"verdict": " ".join([*trained.verdict.reasons, _LATE.format(now[1])])}
    else:
        client.set_registered_model_alias(name, ALIAS, number)
        tags = {"promoted": "true", PROMOTED_AT: datetime.now(UTC).isoformat()}
    for tag, value in tags.items():
        client.set_model_version_tag(name, number, tag, value)
        client.set_tag(run_id, tag, value)


def register(
    client: "MlflowClient", name: str, source: str, run_id: str, tags: dict[str, str]
) -> str:
    """The new version, e.g. ``"7"``, of the model that was logged as ``source`` by a run."""
    if registered(client, name) is None:
        client.create_registered_model(name)
    made = client.create_model_version(
        name, source, run_id, tags=tags, model_id=source.rpartition("/")[2]
    )
    return str(made.version)
