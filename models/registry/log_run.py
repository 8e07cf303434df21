"""What was trained is logged to MLflow, registered there, and found again."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import RISKS, SERVED_FOLDER, ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.store_paths import EXPERIMENT, database_file, store_folder
from perdura.models.registry.trial import (
    NoTrial,
    Refused,
    best_refused,
    load_refused,
    refused_versions,
)
from perdura.models.registry.versions import (
    MODEL,
    champion_at,
    crown,
    label,
    load,
    model_name,
    register,
    reigning,
)
from perdura.models.reports.write import write_backtest, write_report
from perdura.models.training.result import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SERVED = Path(__file__).with_name("served.py")
_REPORT = "report"
_NEEDED = ("perdura", "lightgbm", "mlflow", "numpy", "pandas", "polars", "pyarrow", "scipy")

Progress = Callable[[int, int, str], None]


class NoChampion(LookupError):
    """No model reigns yet."""


class OtherQuestion(NoChampion):
    """The champion predicts something else than what is asked for."""


def log_trained(trained: Trained, home: Path, progress: Progress | None = None) -> str:
    """Log, register and, where the verdict is so, crown a trained model.

    The alias ``champion`` moves after all that, so that a run that broke off leaves the old one
    reigning, and only if that is still whom the model was compared with. Only then is the version
    tagged ``promoted``; the tag ``verdict`` says why, or why not.

    Args:
        trained: What was trained.
        home: Where everything is kept; the store is its ``mlruns`` folder.
        progress: Told before each step: how many are done, of how many, and which is next.

    Returns:
        The version in the registry, e.g. ``"7"``; or ``"NAME/7"``, where ``churn@champion``
        predicts something else, so that this is a version of a model of its own.
    """
    tell = progress or _silent
    tell(0, 3, "open the store")
    with mlflow_at(home) as client, TemporaryDirectory() as scratch:
        tell(1, 3, "draw the report")
        written = Path(scratch)
        write_report(trained, written / _REPORT)
        trained.model.save(written / SERVED_FOLDER)
        tell(2, 3, "register")
        run_id, source = _log(trained, written, experiment_at(client, home))
        name = model_name(client, home, Question.of(trained.params))
        number = register(client, name, source, run_id, _tags(trained))
        if trained.verdict.promoted:
            crown(client, home, trained, name=name, number=number, run_id=run_id)
    tell(3, 3, "done")
    return label(name, number)


def log_backtest(found: Backtest, home: Path) -> str:
    """Log a backtest as a run of its own, its numbers by origin; the id of the run."""
    import mlflow

    with mlflow_at(home) as client, TemporaryDirectory() as scratch:
        write_backtest(found, Path(scratch))
        run = mlflow.start_run(experiment_id=experiment_at(client, home), run_name="backtest")
        with run:
            mlflow.log_params(told_of(found.params))
            for step, origin in enumerate(found.origins):
                mlflow.log_metrics(found.metrics(origin), step=step)
            mlflow.log_artifacts(scratch)
    return run.info.run_id


def load_champion(
    home: Path, question: Question | None = None, *, at: datetime | None = None
) -> tuple[ChurnModel, str]:
    """The champion and its version.

    Args:
        home: Where everything is kept.
        question: What it is to predict; by default whatever ``churn@champion`` does.
        at: The moment at which it was champion; by default now.

    Raises:
        NoChampion: No model reigns yet.
        OtherQuestion: One reigns that predicts something else.
        BrokenChampion: One reigns whose files are gone.
        MlflowException: The registry could not be asked; somebody may reign.
    """
    if not database_file(home).exists():
        raise _no_champion(home)
    with mlflow_at(home) as client:
        name = MODEL if question is None else model_name(client, home, question)
        if at is not None:
            return _champion_at(client, home, name, at, question)
        if found := reigning(client, home, name):
            return found[0], label(name, found[1])
        other = None if name == MODEL else reigning(client, home)
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
    if question and Question.of(model) != question:  # older versions took turns under one name
        raise _other_question(question, model, version, ())
    return model, version


def load_trial(home: Path, question: Question) -> tuple[ChurnModel, Refused]:
    """The best version that was refused, to try a night with, where no champion reigns.

    Raises:
        NoTrial: A champion reigns, or there is no version that may be tried.
        BrokenChampion: One reigns whose files are gone.
    """
    if not database_file(home).exists():
        raise NoTrial("asked for a trial; no version has been trained yet. Run perdura train")
    with mlflow_at(home) as client:
        name = model_name(client, home, question)
        if found := reigning(client, home, name):
            raise NoTrial(
                f"asked for a trial; version {label(name, found[1])} is the champion, and a trial "
                "never takes its place. Run perdura score"
            )
        refused = best_refused(refused_versions(client, home, question), question)
        return load_refused(client, home, refused), refused


def _no_champion(home: Path, refused: Sequence[Refused] = ()) -> NoChampion:
    return NoChampion(
        f"asked for the champion in {store_folder(home)}; no model has been promoted there yet. "
        f"Run perdura train; if it refuses to promote, it says why{_or_a_trial(refused)}"
    )


def _other_question(
    question: Question, champion: ChurnModel, version: str, refused: Sequence[Refused]
) -> OtherQuestion:
    return OtherQuestion(
        f"asked for a champion for {question.words}; the champion, version {version}, predicts "
        f"something else ({Question.of(champion).differences(question)}). Set that again in "
        "perdura.toml to go on with it, or run perdura train: it makes a model of its own for "
        f"what the settings ask now, and leaves the other as it is{_or_a_trial(refused)}"
    )


def _or_a_trial(refused: Sequence[Refused]) -> str:
    """That a trial is possible, and what it means, where it is."""
    if all(version.alarmed for version in refused):
        return ""
    return (
        ". perdura score --trial publishes a night by the best version that was refused: it is "
        "marked as a trial wherever it is read, and no other tool is told of it"
    )


def experiment_at(client: "MlflowClient", home: Path) -> str:
    """The id of the experiment that every run of ``home`` is in; made if absent."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found:
        return found.experiment_id
    return client.create_experiment(
        EXPERIMENT, artifact_location=str(store_folder(home) / "artifacts")
    )


def _log(trained: Trained, written: Path, experiment: str) -> tuple[str, str]:
    """Log one run with everything that was written; its id, and where the model lies."""
    import mlflow

    run_id = mlflow.start_run(experiment_id=experiment).info.run_id
    try:
        mlflow.log_params(_params(trained))
        mlflow.log_metrics(trained.metrics | trained.verdict.measured)
        mlflow.set_tags(_tags(trained))
        mlflow.log_artifacts(str(written / _REPORT))
        source = _log_model(written / SERVED_FOLDER)
    except BaseException:
        mlflow.end_run("FAILED")
        raise
    mlflow.end_run()
    return run_id, source


def _log_model(folder: Path) -> str:
    """Log the served model and return where it lies, as ``models:/...``."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    # Of what goes in, MLflow would drop columns it does not know without a word and has no
    # categories; the model's own contract is stricter, so only what comes out is declared.
    signature = ModelSignature(outputs=Schema([ColSpec("double", name) for name in RISKS]))
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(_SERVED),
        artifacts={SERVED_FOLDER: str(folder)},
        pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
        signature=signature,
    ).model_uri


def _params(trained: Trained) -> dict[str, Any]:
    data = {f"data.{name}": value for name, value in trained.fingerprint.to_dict().items()}
    shares = {
        f"share.{name}": getattr(trained.shares, name) for name in ("stayers", "refit", "people")
    }
    return told_of(trained.params) | data | shares | trained.sizes


def told_of(params: TrainingParams) -> dict[str, Any]:
    """What was learnt and how, flat, without what is not set."""
    told = asdict(params)
    grown = {
        f"{trees}.{name}": value
        for trees in ("booster", "cause_booster")
        for name, value in (told.pop(trees) or {}).items()
    }
    return {name: value for name, value in told.items() if value is not None} | grown


def _tags(trained: Trained) -> dict[str, str]:
    """As tagged before the alias moves: nobody is promoted yet."""
    return {
        "promoted": "false",
        "verdict": " ".join(trained.verdict.reasons),
        "leak_alarm": str(trained.verdict.alarmed).lower(),
    }


def _silent(done: int, of: int, what: str) -> None:
    """Nobody asked to be told."""
