"""Load the model that a night scores with: the champion, or the best refused version (trial)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.store_paths import database_file, store_folder
from perdura.models.registry.trial import (
    NoTrial,
    RefusedVersion,
    best_refused,
    load_refused,
    refused_versions,
)
from perdura.models.registry.versions import (
    MODEL,
    champion_at,
    current_champion,
    label,
    load,
    model_name,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient


class NoChampion(LookupError):
    """There is no champion yet."""


class OtherQuestion(NoChampion):
    """The champion answers another question than the requested one."""


def load_champion(
    home: Path, question: Question | None = None, *, when: datetime | None = None
) -> tuple[ChurnModel, str]:
    """The champion and its version.

    Args:
        home: Where everything is kept.
        question: The question it must answer; by default that of ``churn@champion``.
        when: The moment at which it was champion; by default now.

    Raises:
        NoChampion: There is none yet.
        OtherQuestion: The champion answers another question.
        BrokenChampion: The champion's files are gone.
        MlflowException: The registry could not be read; there may be a champion.
    """
    if not database_file(home).exists():
        raise _no_champion(home)
    with mlflow_at(home) as client:
        name = MODEL if question is None else model_name(client, home, question)
        if when is not None:
            return _champion_at(client, home, name, when, question)
        if found := current_champion(client, home, name):
            return found[0], label(name, found[1])
        other = None if name == MODEL else current_champion(client, home)
        refused = [] if question is None else refused_versions(client, home, question)
    if question and other:
        raise _other_question(question, *other, refused)
    raise _no_champion(home, refused)


def _champion_at(
    client: "MlflowClient", home: Path, name: str, moment: datetime, question: Question | None
) -> tuple[ChurnModel, str]:
    number = champion_at(client, name, moment)
    if number is None:
        raise NoChampion(
            f"asked for the champion of {moment:%Y-%m-%d %H:%M} UTC; no model had been promoted "
            "by then"
        )
    model, version = load(client, home, name, number), label(name, number)
    if question and Question.of(model) != question:  # older versions shared one name
        raise _other_question(question, model, version, ())
    return model, version


def load_trial(home: Path, question: Question) -> tuple[ChurnModel, RefusedVersion]:
    """The best refused version, to score a trial night with, where there is no champion.

    Raises:
        NoTrial: There is a champion, or no version that may be tried.
        BrokenChampion: The champion's files are gone.
    """
    if not database_file(home).exists():
        raise NoTrial("asked for a trial; no version has been trained yet. Run perdura train")
    with mlflow_at(home) as client:
        name = model_name(client, home, question)
        if found := current_champion(client, home, name):
            raise NoTrial(
                f"asked for a trial; version {label(name, found[1])} is the champion, and a trial "
                "never takes its place. Run perdura score"
            )
        refused = best_refused(refused_versions(client, home, question), question)
        return load_refused(client, home, refused), refused


def _no_champion(home: Path, refused: Sequence[RefusedVersion] = ()) -> NoChampion:
    return NoChampion(
        f"asked for the champion in {store_folder(home)}; no model has been promoted there yet. "
        f"Run perdura train; if it refuses to promote, it says why{_or_a_trial(refused)}"
    )


def _other_question(
    question: Question, champion: ChurnModel, version: str, refused: Sequence[RefusedVersion]
) -> OtherQuestion:
    return OtherQuestion(
        f"asked for a champion for {question.words}; the champion, version {version}, predicts "
        f"something else ({Question.of(champion).differences(question)}). Set that again in "
        "perdura.toml to go on with it, or run perdura train: it makes a model of its own for "
        f"what the settings ask now, and leaves the other as it is{_or_a_trial(refused)}"
    )


def _or_a_trial(refused: Sequence[RefusedVersion]) -> str:
    """A sentence about a trial, where one is possible."""
    if all(version.alarmed for version in refused):
        return ""
    return (
        ". perdura score --trial publishes a night by the best version that was refused: it is "
        "marked as a trial wherever it is read, and no other tool is told of it"
    )
