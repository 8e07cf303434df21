"""Log a tuning to MLflow: one run, with a nested run for each trial."""

from pathlib import Path

from perdura.models.registry.log_run import experiment_at, flat_params
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.tuning.trials import Tuning


def log_tuning(tuning: Tuning, home: Path) -> str:
    """Log a tuning as a run, and each of its trials as a nested run; the id of the run."""
    import mlflow

    with mlflow_at(home) as client:
        within = experiment_at(client, home)
        with mlflow.start_run(experiment_id=within, run_name="tuning") as run:
            mlflow.log_params(flat_params(tuning.params))
            best = tuning.best.values.items()
            mlflow.log_params({f"best.{name}": value for name, value in best})
            mlflow.log_metrics(dict(tuning.metrics))
            mlflow.log_dict(dict(tuning.to_json()), "tuning.json")
            for number, trial in enumerate(tuning.tried):
                with mlflow.start_run(
                    experiment_id=within, run_name=f"trial {number}", nested=True
                ):
                    mlflow.log_params(dict(trial.values))
                    mlflow.set_tag("state", "pruned" if trial.pruned else "complete")
                    folds = zip(trial.losses, trial.trees, strict=True)
                    for step, (loss, trees) in enumerate(folds):
                        mlflow.log_metrics({"fold.log_loss": loss, "fold.trees": trees}, step=step)
                    mlflow.log_metrics({**trial.metrics, "seconds": trial.seconds})
    return run.info.run_id
