"""What was trained is logged to MLflow, registered there, and found again."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from models.model import RISKS, SERVED_FOLDER, ChurnModel
from models.report import write_report
from models.store import mlflow_at, store_folder
from models.trained import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

EXPERIMENT = "churn"
MODEL = "churn"
ALIAS = "champion"

_SERVED = Path(__file__).with_name("served.py")
_REPORT = "report"
_NEEDED = ("perdura", "lightgbm", "mlflow", "numpy", "pandas", "polars", "pyarrow", "scipy")
_LATE = (
    "Not promoted after all: version {} reigns by now, and this model was not compared with it; "
    "train again."
)

Progress = Callable[[int, int, str], None]


class NoChampion(LookupError):
    """No model reigns yet."""


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
        The version in the registry, e.g. ``"7"``.
    """
    tell = progress or _silent
    tell(0, 3, "open the store")
    with mlflow_at(home) as client, TemporaryDirectory() as scratch:
        tell(1, 3, "draw the report")
        written = Path(scratch)
        write_report(trained, written / _REPORT)
        trained.model.save(written / SERVED_FOLDER)
        tell(2, 3, "register")
        run_id, source = _log(trained, written, _experiment(client, home))
        registered = _register(client, source, run_id, trained)
        if trained.verdict.promoted:
            _crown(client, trained, registered, run_id)
    tell(3, 3, "done")
    return registered


def load_champion(home: Path) -> tuple[ChurnModel, str]:
    """The reigning model and its version.

    Raises:
        NoChampion: No model reigns yet.
        MlflowException: The registry could not be asked; somebody may reign.
    """
    missing = NoChampion(
        f"asked for the champion in {store_folder(home)}; no model has been promoted there yet. "
        "Run perdura train; if it refuses to promote, it says why"
    )
    if not (store_folder(home) / "mlflow.db").exists():
        raise missing
    with mlflow_at(home) as client:
        found = _reigning(client)
    if found is None:
        raise missing
    return found


def _reigning(client: "MlflowClient") -> tuple[ChurnModel, str] | None:
    """The model that the alias names and its version; none where there is no model or alias."""
    registered = _registered(client)
    number = registered.aliases.get(ALIAS) if registered else None
    if number is None:
        return None
    place = Path(client.get_model_version_download_uri(MODEL, str(number)))
    return ChurnModel.load(place / "artifacts" / SERVED_FOLDER), str(number)


def _registered(client: "MlflowClient") -> "RegisteredModel | None":
    """The registered model, none where it is not there; any other fault is raised as it is."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(MODEL)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _crown(client: "MlflowClient", trained: Trained, registered: str, run_id: str) -> None:
    """Move the alias, then say so; or say why not, where another reigns than was compared with."""
    now = _reigning(client)
    if now is not None and now[0] not in (trained.beaten, trained.model):
        tags = {"verdict": f"{_tags(trained)['verdict']} {_LATE.format(now[1])}"}
    else:
        client.set_registered_model_alias(MODEL, ALIAS, registered)
        tags = {"promoted": "true"}
    for name, value in tags.items():
        client.set_model_version_tag(MODEL, registered, name, value)
        client.set_tag(run_id, name, value)


def _experiment(client: "MlflowClient", home: Path) -> str:
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


def _register(client: "MlflowClient", source: str, run_id: str, trained: Trained) -> str:
    if _registered(client) is None:
        client.create_registered_model(MODEL)
    made = client.create_model_version(
        MODEL, source, run_id, tags=_tags(trained), model_id=source.rpartition("/")[2]
    )
    return str(made.version)


def _params(trained: Trained) -> dict[str, Any]:
    params = asdict(trained.params)
    booster = {f"booster.{name}": value for name, value in params.pop("booster").items()}
    data = {f"data.{name}": value for name, value in trained.fingerprint.to_dict().items()}
    return params | booster | data | trained.sizes


def _tags(trained: Trained) -> dict[str, str]:
    """As tagged before the alias moves: nobody is promoted yet."""
    return {"promoted": "false", "verdict": " ".join(trained.verdict.reasons)}


def _silent(done: int, of: int, what: str) -> None:
    """Nobody asked to be told."""
