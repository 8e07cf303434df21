"""A tuning in MLflow: a run, and in it one for each trial."""

from pathlib import Path

from perdura.models.registry.log_run import experiment_at, told_of
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.tuning.trials import Tried, Tuning


def log_tuning(found: Tuning, home: Path) -> str:
    """Log a tuning as a run, and each of its trials as a run nested in it; the id of the run."""
    import mlflow

    with mlflow_at(home) as client:
        within = experiment_at(client, home)
        with mlflow.start_run(experiment_id=within, run_name="tuning") as run:
            mlflow.log_params(told_of(found.params))
            mlflow.log_params({f"best.{name}": told for name, told in found.best.values.items()})
            mlflow.log_metrics(dict(found.metrics))
            mlflow.log_dict(dict(found.told), "tuning.json")
            for number, tried in enumerate(found.tried):
                with mlflow.start_run(
                    experiment_id=within, run_name=f"trial {number}", nested=True
                ):
                    _log_trial(tried)
    return run.info.run_id


def _log_trial(tried: Tried) -> None:
    import mlflow

    mlflow.log_params(dict(tried.values))
    mlflow.set_tag("state", "pruned" if tried.pruned else "complete")
    for step, (loss, trees) in enumerate(zip(tried.losses, tried.trees, strict=True)):
        mlflow.log_metrics({"fold.log_loss": loss, "fold.trees": trees}, step=step)
    mlflow.log_metrics({**tried.metrics, "seconds": tried.seconds})
