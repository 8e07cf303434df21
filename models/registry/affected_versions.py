"""Which model versions were trained on the data of a forgotten subscriber."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.store_paths import database_file
from perdura.models.registry.versions import ALIAS, label, model_names, versions

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_TAG = "forgotten."


@dataclass(frozen=True, slots=True)
class Learning:
    """The training data of a model version.

    Attributes:
        version: Its number in the registry, or ``NAME/NUMBER``, as of ``registry.versions.label``.
        is_champion: Whether it is the champion.
        first: The first date of the spine.
        last: The last date.
        known_until: Nothing known from then on was read.
    """

    version: str
    is_champion: bool
    first: datetime
    last: datetime
    known_until: datetime


def mark_learnt(
    home: Path, hashes: Sequence[str], day: date, learnt: Callable[[Learning], bool]
) -> list[Learning]:
    """The versions trained on a subscriber's data, oldest first; each is tagged.

    The tag ``forgotten.HASH`` holds the day; it identifies the versions after the rows are gone.
    No other artifact of a version holds rows of subscribers (``models.reports.write``).

    Args:
        home: Where everything is kept.
        hashes: Hashes of the subscriber's accounts.
        day: The day of the erasure.
        learnt: Whether a version was trained on their data.
    """
    if not database_file(home).exists():
        return []
    tags = {_TAG + value for value in hashes}
    found: list[Learning] = []
    with mlflow_at(home) as client:
        for version in (v for name in model_names(client) for v in versions(client, name)):
            learning, present = _learning(client, version), tags & version.tags.keys()
            if not present and not learnt(learning):
                continue
            for tag in tags - present:
                client.set_model_version_tag(version.name, str(version.version), tag, str(day))
            found.append(learning)
    return found


def _learning(client: "MlflowClient", version: "ModelVersion") -> Learning:
    params = client.get_run(str(version.run_id)).data.params
    first, last, until = (
        datetime.fromisoformat(params[f"data.{name}"])
        for name in ("first_as_of", "last_as_of", "known_until")
    )
    number = str(version.version)
    is_champion = ALIAS in client.get_model_version(version.name, number).aliases
    return Learning(label(version.name, number), is_champion, first, last, until)
