"""What a verdict needs of the past: backtests at earlier dates, and test rows some days before."""

from dataclasses import dataclass
from datetime import datetime

from perdura.flows.configuration.groups import TrainingSettings
from perdura.flows.orchestration.recorded import step_of_flow
from perdura.flows.runtime.progress import step
from perdura.flows.settings import Settings
from perdura.flows.steps.past_dataset import PastDataset, past
from perdura.models.backtesting.stability import at_earlier_dates
from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.leakage_signals import Cut
from perdura.progress import OnProgress

earlier_step = step_of_flow(at_earlier_dates, "earlier")

# Rows of a model at an earlier date, at most: enough to see whether it holds.
_EARLIER_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class EarlierResults:
    """How the model would have done at earlier dates, and the test rows of days before."""

    past: PastDataset | None = None
    earlier: Earlier | None = None
    cut: Cut | None = None


def before_training(
    settings: Settings, known_until: datetime, seconds: dict[str, float]
) -> EarlierResults:
    """What the verdict needs of the past, from a sample of the subscribers."""
    if not settings.training.earlier_dates and not settings.training.cut_days:
        return EarlierResults()
    with step("earlier dates", seconds) as on_progress:
        before = past(settings, known_until, _EARLIER_ROWS, None)
        days = settings.training.cut_days
        return EarlierResults(
            past=before,
            earlier=earlier_dates(before, settings.training, on_progress),
            cut=Cut(days, before.without_last(days)) if days else None,
        )


def earlier_dates(
    before: PastDataset, training: TrainingSettings, on_progress: OnProgress
) -> Earlier | None:
    """``None`` where no date has enough before it and after it, or the settings ask for none."""
    if not training.earlier_dates or training.split != "time":
        return None
    try:
        return earlier_step(
            before.training,
            before.labels_at,
            before.params,
            most=training.earlier_dates,
            progress=on_progress,
        )
    except (HistoryTooShort, NotEnoughChurn):
        return None
