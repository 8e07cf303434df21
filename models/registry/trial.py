"""The refused version that a trial night is scored with, where there is no champion."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.versions import (
    MODEL,
    BrokenChampion,
    label,
    load,
    model_name,
    versions,
)
from perdura.sources.counted import counted, either

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


class NoTrial(LookupError):
    """There is no version that may be tried."""


@dataclass(frozen=True, slots=True)
class RefusedVersion:
    """A version that was refused.

    Attributes:
        version: Its label in the risk table.
        verdict: Why it was refused, in words.
        skill: By how much its log loss is below that of the constant rate, as a share of it, on
            its own test set; negative: above.
        alarmed: Whether it failed the leakage checks.
        name: Name of its registered model.
        number: Number of its version.
    """

    version: str
    verdict: str
    skill: float
    alarmed: bool
    name: str
    number: str


def refused_versions(
    client: "MlflowClient", home: Path, question: Question
) -> list[RefusedVersion]:
    """The versions for a question that were refused, oldest first."""
    names = dict.fromkeys((MODEL, model_name(client, home, question)))
    found: list[RefusedVersion] = []
    for name in names:
        for version in versions(client, name):
            if version.tags.get("promoted") != "false":
                continue
            params = client.get_run(str(version.run_id)).data.params
            try:
                own = Question.parsed(params)
            except (KeyError, ValueError):  # it does not say which question it answers
                continue
            if own == question:
                found.append(_refused(client, name, version))
    return found


def best_refused(refused: list[RefusedVersion], question: Question) -> RefusedVersion:
    """The version to try: the highest skill that passed the leakage checks; of equals the newest.

    Log losses of different weeks are about different rows, with other churn rates; the skill
    against the constant rate on the same rows is comparable.

    Raises:
        NoTrial: There is none.
    """
    usable = [version for version in refused if not version.alarmed]
    if usable:
        return max(reversed(usable), key=lambda version: version.skill)
    if refused:
        raise NoTrial(
            f"asked for a trial; the {counted(len(refused), 'version')} that "
            f"{either(len(refused), 'was', 'were')} refused failed the leakage checks: they may "
            "know what they are to predict, and their risks would mislead. "
            "perdura train says which columns to look at"
        )
    raise NoTrial(
        f"asked for a trial of a model for {question.words}; no version of it has been trained "
        "and refused yet. Run perdura train"
    )


def load_refused(client: "MlflowClient", home: Path, refused: RefusedVersion) -> ChurnModel:
    """The model of a version that was refused.

    Raises:
        NoTrial: Its files are gone.
    """
    try:
        return load(client, home, refused.name, refused.number)
    except BrokenChampion as error:
        raise NoTrial(
            f"asked for a trial; the files of version {refused.version} are gone. Run perdura train"
        ) from error


def _refused(client: "MlflowClient", name: str, version: "ModelVersion") -> RefusedVersion:
    number, metrics = str(version.version), client.get_run(str(version.run_id)).data.metrics
    loss, constant = (metrics.get(key, float("nan")) for key in ("log_loss", "constant.log_loss"))
    skill = 1 - loss / constant if constant > 0 else float("-inf")
    return RefusedVersion(
        version=label(name, number),
        verdict=version.tags.get("verdict", ""),
        skill=skill if skill == skill else float("-inf"),  # noqa: PLR0124 - NaN
        alarmed=version.tags.get("leak_alarm") == "true",
        name=name,
        number=number,
    )
