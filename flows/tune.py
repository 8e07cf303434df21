"""On demand: look for parameters of the trees that do better, on dates before the judged ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.model_store import wait_for_store
from perdura.flows.runtime.progress import step
from perdura.flows.settings import Settings
from perdura.flows.steps.past_dataset import past
from perdura.flows.steps.training_window import known_history, training_params
from perdura.models.tuning.mlflow_log import log_tuning
from perdura.models.tuning.trials import Tuning
from perdura.models.tuning.tune import tune
from perdura.models.tuning.tuned_params import Tuned, keep_tuned, read_tuned, tuned_by
from perdura.sources.landing.locks import exclusive_lock

# Subscribers times dates, of which about half are rows. Few rows want simpler trees than many do,
# so they are as many as memory and minutes allow.
_MOST_ROWS = 500_000

_WAITING = "waiting for another tuning to end"

tune_step = step_of_flow(tune, "tune")
log_step = step_of_flow(log_tuning, "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retuned:
    """One run of tuning.

    Attributes:
        run_id: Of the run in MLflow, in which those of the trials are.
        found: What was tried, in this run and before.
        tuned: What is kept for the trainings that come; none: the defaults.
        file: Where it is kept.
        share: Share of the subscribers that the rows are of.
        seconds: By step.
    """

    run_id: str
    found: Tuning
    tuned: Tuned | None
    file: Path
    share: float
    seconds: Mapping[str, float]


@flow(name="tune")
@shares_home
def tune_trees(
    until: date | None = None,
    home: Path | None = None,
    minutes: float = 10.0,
    trials: int | None = None,
) -> Retuned:
    """Try parameters of the trees, keep what does better than the defaults, and log all of it.

    Trainings that come use what is kept. A run that was stopped is gone on with, as long as the
    rows before the judged dates are the same. Of very many subscribers a share is asked about.

    Args:
        until: The first day that is not used; by default all that has landed is.
        home: Where everything is kept, if not where the settings say.
        minutes: No trial begins later than this.
        trials: Total number, including those of an interrupted run; by default unlimited.

    Raises:
        NothingLanded: There is nothing to learn from.
        HistoryTooShort, NotEnoughChurn: There is too little of it.
        BrokenTuning: The file of tuned parameters cannot be read.
    """
    settings = Settings.at(home)
    seconds: dict[str, float] = {}
    known_until = known_history(settings.landing, settings.churn, until)
    kept = read_tuned(settings.tuned)
    with step("features", seconds) as on_progress:
        before = past(settings, known_until, _MOST_ROWS, on_progress)
    with (
        step("tune", seconds) as on_progress,
        # Two that tune one home would take each other's trials for cut off.
        exclusive_lock(settings.studies.parent, lambda: on_progress(0, 1, _WAITING), to="tuning"),
    ):
        found = tune_step(
            before.training,
            before.labels_at,
            training_params(settings),
            file=settings.studies,
            minutes=minutes,
            trials=trials,
            kept=kept,
            progress=on_progress,
        )
        tuned = _decide(found, kept, settings.tuned)
    with step("log", seconds):
        wait_for_store(settings.home)
        run_id = log_step(found, settings.home)
    return Retuned(
        run_id=run_id,
        found=found,
        tuned=tuned,
        file=settings.tuned,
        share=before.share,
        seconds=seconds,
    )


def _decide(found: Tuning, kept: Tuned | None, file: Path) -> Tuned | None:
    """Keep what is better than the defaults; what was kept and no more is, is forgotten."""
    if found.better:
        tuned = tuned_by(found, datetime.now(UTC))
        keep_tuned(tuned, file)
        return tuned
    if kept and kept.booster in [trial.values for trial in found.tried]:
        file.unlink(missing_ok=True)
        return None
    return kept
