"""On demand: how good the model would have been at every date of the history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.model_store import wait_for_store
from perdura.flows.runtime.progress import step
from perdura.flows.settings import Settings
from perdura.flows.steps.past_dataset import past
from perdura.flows.steps.training_window import known_history
from perdura.models.backtesting.backtest import backtest
from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.registry.log_run import log_backtest

# Feature rows held at once, about; of those all are learnt from.
_MOST_ROWS = 2_000_000

backtest_step = step_of_flow(backtest, "backtest")
log_step = step_of_flow(log_backtest, "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtested:
    """One backtest.

    Attributes:
        run_id: Of the run in MLflow, which keeps the card, the tables and the picture.
        found: What was found.
        share: Share of the subscribers that the rows are of.
        seconds: By step.
    """

    run_id: str
    found: Backtest
    share: float
    seconds: Mapping[str, float]


@flow(name="backtest")
@shares_home
def backtest_history(
    until: date | None = None, home: Path | None = None, origins: int | None = None
) -> Backtested:
    """Train and evaluate the model at each date of the history, as if it were that day. Log it.

    No model is promoted by it. Of very many subscribers a share is used, by their buckets.

    Args:
        until: The first day that is not used; by default all that has landed is.
        home: Where everything is kept, if not where the settings say.
        origins: Number of dates, the newest; by default all that have enough before them.

    Raises:
        NothingLanded: There is nothing to learn from.
        HistoryTooShort, NotEnoughChurn: There is too little of it.
    """
    settings = Settings.at(home)
    seconds: dict[str, float] = {}
    known_until = known_history(settings.landing, settings.churn, until)
    with step("features", seconds) as on_progress:
        before = past(settings, known_until, _MOST_ROWS, on_progress)
    with step("backtest", seconds) as on_progress:
        found = backtest_step(
            before.training, before.labels_at, before.params, most=origins, progress=on_progress
        )
    with step("log", seconds):
        wait_for_store(settings.home)
        run_id = log_step(found, settings.home)
    return Backtested(run_id=run_id, found=found, share=before.share, seconds=seconds)
