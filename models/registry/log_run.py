"""Log a training or a backtest to MLflow."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import RISKS, SERVED_FOLDER
from perdura.models.predictor.target import Question
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.promotion import promote, register
from perdura.models.registry.served_code import SERVED_CODE
from perdura.models.registry.store_paths import EXPERIMENT, store_folder
from perdura.models.registry.versions import label, model_name
from perdura.models.reports.write import write_backtest, write_report
from perdura.models.training.result import Trained
from perdura.sources.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from mlflow import MlflowClient

_REPORT = "report"
_NEEDED = ("perdura", "lightgbm", "mlflow", "numpy", "pandas", "polars", "pyarrow", "scipy")


def log_trained(trained: Trained, home: Path, progress: OnProgress | None = None) -> str:
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
    tell = progress or no_progress
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
            promote(client, home, trained, name=name, number=number, run_id=run_id)
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
        python_model=str(SERVED_CODE),
        artifacts={SERVED_FOLDER: str(folder)},
        pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
        signature=signature,
    ).model_uri


def _params(trained: Trained) -> dict[str, Any]:
    data = {f"data.{name}": value for name, value in trained.fingerprint.to_dict().items()}
    shares = {  # under the names of earlier runs, so that runs can be compared
        "share.stayers": trained.sampling.non_churners,
        "share.refit": trained.sampling.refit,
        "share.people": trained.sampling.people,
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
