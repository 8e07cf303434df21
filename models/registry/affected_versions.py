"""Which versions of the model have learnt from somebody who was forgotten."""

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
    """What a version of the model was made of.

    Attributes:
        version: Its number in the registry, or ``NAME/NUMBER``, as of ``registry.versions.label``.
        reigns: Whether it is the champion.
        first: The first date that subscribers were asked about.
        last: The last one.
        known_until: Nothing known from then on was read.
    """

    version: str
    reigns: bool
    first: datetime
    last: datetime
    known_until: datetime


def mark_learnt(
    home: Path, hashes: Sequence[str], day: date, learnt: Callable[[Learning], bool]
) -> list[Learning]:
    """The versions that have learnt from somebody, or may have, oldest first; each is tagged so.

    The tag ``forgotten.HASH`` holds the day. It tells the versions after the rows are gone, too.
    No other thing of a version holds rows of anybody (``models.reports.write``).

    Args:
        home: Where everything is kept.
        hashes: Of the person's accounts.
        day: When they are forgotten.
        learnt: Says of a version whether it has learnt from them.
    """
    if not database_file(home).exists():
        return []
    with mlflow_at(home) as client:
        return _marked(client, hashes, day, learnt)


def _marked(
    client: "MlflowClient", hashes: Sequence[str], day: date, learnt: Callable[[Learning], bool]
) -> list[Learning]:
    tags = [_TAG + each for each in hashes]
    found = []
    for version in (each for name in model_names(client) for each in versions(client, name)):
        told, there = _learning(client, version), set(tags) & version.tags.keys()
        if not there and not learnt(told):
            continue
        for tag in set(tags) - there:
            client.set_model_version_tag(version.name, str(version.version), tag, str(day))
        found.append(told)
    return found


def _learning(client: "MlflowClient", version: "ModelVersion") -> Learning:
    told = client.get_run(str(version.run_id)).data.params
    first, last, until = (
        datetime.fromisoformat(told[f"data.{name}"])
        for name in ("first_as_of", "last_as_of", "known_until")
    )
    number = str(version.version)
    reigns = ALIAS in client.get_model_version(version.name, number).aliases
    return Learning(label(version.name, number), reigns, first, last, until)
