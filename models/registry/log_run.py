"""Log a training or a backtest to MLflow."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

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
from perdura.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from mlflow import MlflowClient

_REPORT = "report"
_NEEDED = ("perdura", "lightgbm", "mlflow", "numpy", "pandas", "polars", "pyarrow", "scipy")


def log_trained(trained: Trained, home: Path, progress: OnProgress | None = None) -> str:
    """Log and register a trained model and, by its verdict, promote it.

    The alias ``champion`` moves last, so that an interrupted run leaves the old champion, and only
    if that is still the one that the model was compared with. Only then is the version tagged
    ``promoted``; the tag ``verdict`` says why, or why not.

    Args:
        trained: The trained model.
        home: Where everything is kept; the store is its ``mlruns`` folder.
        progress: Called before each step: steps done, of how many, and the next one's name.

    Returns:
        The version in the registry, e.g. ``"7"``; or ``"NAME/7"``, where ``churn@champion``
        answers another question, so that this is a version of another registered model.
    """
    on_progress = progress or no_progress
    on_progress(0, 3, "open the store")
    with mlflow_at(home) as client, TemporaryDirectory() as scratch:
        on_progress(1, 3, "draw the report")
        written = Path(scratch)
        write_report(trained, written / _REPORT)
        trained.model.save(written / SERVED_FOLDER)
        on_progress(2, 3, "register")
        run_id, source = _log(trained, written, experiment_at(client, home))
        name = model_name(client, home, Question.of(trained.params))
        number = register(client, name, source, run_id, _tags(trained))
        if trained.verdict.promoted:
            promote(client, home, trained, name=name, number=number, run_id=run_id)
    on_progress(3, 3, "done")
    return label(name, number)


def log_backtest(found: Backtest, home: Path) -> str:
    """Log a backtest as a run, its metrics by origin; the id of the run."""
    import mlflow

    with mlflow_at(home) as client, TemporaryDirectory() as scratch:
        write_backtest(found, Path(scratch))
        run = mlflow.start_run(experiment_id=experiment_at(client, home), run_name="backtest")
        with run:
            mlflow.log_params(flat_params(found.params))
            for step, origin in enumerate(found.origins):
                mlflow.log_metrics(found.metrics(origin), step=step)
            mlflow.log_artifacts(scratch)
    return run.info.run_id


def experiment_at(client: "MlflowClient", home: Path) -> str:
    """The id of the experiment with every run of ``home``; made if absent."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found:
        return found.experiment_id
    return client.create_experiment(
        EXPERIMENT, artifact_location=str(store_folder(home) / "artifacts")
    )


def _log(trained: Trained, written: Path, experiment: str) -> tuple[str, str]:
    """Log one run with the written files; its id, and the location of the model."""
    import mlflow

    data = {f"data.{name}": value for name, value in trained.fingerprint.to_dict().items()}
    shares = {  # under the names of earlier runs, so that runs can be compared
        "share.stayers": trained.sampling.non_churners,
        "share.refit": trained.sampling.refit,
        "share.people": trained.sampling.people,
    }
    run_id = mlflow.start_run(experiment_id=experiment).info.run_id
    try:
        mlflow.log_params(flat_params(trained.params) | data | shares | trained.sizes)
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
    """Log the served model and return its location, as ``models:/...``."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    # With an input schema MLflow would drop unknown columns silently, and it has no categories;
    # the model's own contract is stricter, so only the outputs are declared.
    signature = ModelSignature(outputs=Schema([ColSpec("double", name) for name in RISKS]))
    log_model = cast("Any", mlflow.pyfunc).log_model  # declares its types only in part
    return log_model(
        name="model",
        python_model=str(SERVED_CODE),
        artifacts={SERVED_FOLDER: str(folder)},
        pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
        signature=signature,
    ).model_uri


def flat_params(params: TrainingParams) -> dict[str, Any]:
    """The parameters as flat names, without those that are not set."""
    values = asdict(params)
    boosters: dict[str, dict[str, Any]] = {
        name: values.pop(name) or {} for name in ("booster", "cause_booster")
    }
    flat = {f"{b}.{name}": value for b, ps in boosters.items() for name, value in ps.items()}
    return {name: value for name, value in values.items() if value is not None} | flat


def _tags(trained: Trained) -> dict[str, str]:
    """The tags before the alias moves: not promoted yet."""
    return {
        "promoted": "false",
        "verdict": " ".join(trained.verdict.reasons),
        "leak_alarm": str(trained.verdict.alarmed).lower(),
    }
