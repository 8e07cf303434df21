"""Every week: learn from what became of people, and let the better model reign."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.moments import midnight, month_starts
from flows.parts import parts_of, placed, scratch
from flows.progress import step
from flows.settings import Settings
from flows.train_parts import Work, label_parts, laid_down, measure_parts
from models.model import ChurnModel
from models.params import BoosterParams, TrainingParams
from models.registry import BrokenChampion
from models.shares import shares_of
from models.tracking import NoChampion, load_champion, log_trained
from models.train import train
from models.training_set import TrainingSet
from sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from sources.landing import landed_until, read_events
from sources.merges import Events, known_before

train_step = task(name="train", cache_policy=NO_CACHE)(train)
log_step = task(name="log", cache_policy=NO_CACHE)(log_trained)

# The first weeks of a history know too little of anybody to learn from.
_WARM_UP = timedelta(days=30)
_MONTH = timedelta(days=30.4375)
_TOLD = (SUBSCRIPTIONS, PAYMENTS, TICKETS)


class NothingLanded(ValueError):
    """There are no events to work on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training run.

    Attributes:
        version: Of the model in the registry, e.g. ``"3"``.
        promoted: Whether it is the champion now.
        reasons: Why, or why not, in words.
        metrics: By name, of the ``model``, the baselines and the champion, on the same rows.
        rows: Rows of each part: fitted, calibrated, judged.
        seconds: By step.
    """

    version: str
    promoted: bool
    reasons: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float]]
    rows: Mapping[str, int]
    seconds: Mapping[str, float]


@flow(name="train-weekly")
def train_weekly(until: date | None = None, home: Path | None = None) -> Training:
    """Fit, calibrate and judge a model on what was known before ``until``; log and register it.

    It becomes the champion only if it clears the floors and beats the reigning champion.

    Args:
        until: The first day whose facts are not used; by default all that has landed is.
        home: Where everything is kept, if not where the settings say.

    Raises:
        NothingLanded: There is nothing to learn from.
        HistoryTooShort, NotEnoughChurn: There is too little of it.
    """
    settings, seconds = Settings.at(home), {}
    params, events = training_params(settings), read_events(settings.landing)
    known_until = known_history(settings, until)
    dates = training_dates(events, known_until, settings.history_months, settings.step_days)
    with scratch(settings, "week") as folder:
        work = Work(
            dates=tuple(dates),
            known_until=known_until,
            settings=settings,
            params=params,
            folder=folder,
        )
        rows = training_set(work, seconds)
    with step("train", seconds) as tell:
        trained = train_step(rows, params, champion=_champion(settings.home), progress=tell)
    with step("log", seconds) as tell:
        version = log_step(trained, settings.home, progress=tell)
    return Training(
        version=version,
        promoted=trained.verdict.promoted and version == load_champion(settings.home)[1],
        reasons=trained.verdict.reasons,
        metrics={name: asdict(judged) for name, judged in trained.judgements.items()},
        rows=trained.sizes,
        seconds=seconds,
    )


def training_set(work: Work, seconds: dict[str, float]) -> TrainingSet:
    """Labels of everybody, and features of those who are learnt from, part by part.

    Args:
        work: What to label and to measure.
        seconds: Gets how long either took.
    """
    parts = parts_of(work.settings)
    with step("labels", seconds) as tell:
        shares = shares_of(placed(label_parts, work.settings)(parts, work, tell), work.params)
    with step("features", seconds) as tell:
        placed(measure_parts, work.settings)(parts, work, shares, tell)
        return laid_down(parts, work, shares)


def training_params(settings: Settings) -> TrainingParams:
    """What to learn, by the settings."""
    return TrainingParams(
        churn=settings.churn,
        lead_days=settings.lead_days,
        horizon_days=settings.horizon_days,
        grace_days=settings.grace_days,
        split=settings.split,
        calls=settings.calls,
        booster=BoosterParams(seed=settings.seed, threads=settings.threads),
    )


def training_dates(
    events: Events, known_until: datetime, months: int, step_days: int | None = None
) -> list[datetime]:
    """The dates to learn from, oldest first: month starts, or every so many days.

    The history begins where every source that says anything has begun to speak: before that,
    silence would be mistaken for a lack of tickets or payments. The last date is ``known_until``
    itself: its outcome is open, but what subscribers have by then, a new plan say, is learnt.

    Args:
        events: The event tables by name.
        known_until: Only rows with ``known_at < known_until`` are read.
        months: How many months back, at most.
        step_days: Days between dates; none: they are month starts.

    Raises:
        NothingLanded: No source says anything early enough.
    """
    told = known_before(events, known_until)
    begins = [
        first
        for table in _TOLD
        if (first := told[table.name].select(pl.col("happened_at").min()).collect().item())
    ]
    if not begins:
        raise NothingLanded(
            f"no event was known before {known_until:%Y-%m-%d}; run `perdura extract` first, or "
            "train until a later date"
        )
    first = max(max(begins) + _WARM_UP, known_until - months * _MONTH)
    if step_days is None:
        dates = [*month_starts(first, known_until)]
    else:
        steps = (known_until - first) // timedelta(days=step_days)
        dates = [known_until - timedelta(days=step_days * k) for k in range(steps, -1, -1)]
    return sorted({*dates, known_until})


def telling_table(settings: Settings) -> EventTable:
    """The table that tells who left."""
    return PAYMENTS if settings.churn == "silence" else SUBSCRIPTIONS


def known_history(settings: Settings, asked: date | None) -> datetime:
    """Until when outcomes are known: no longer than the table that tells them was read whole.

    Raises:
        NothingLanded: That table has never been read.
    """
    told = telling_table(settings)
    moment = landed_until(settings.landing, told)
    if moment is None:
        raise NothingLanded(
            f"no {told.name} have landed in {settings.landing}, and they tell who left; run "
            "`perdura extract` first"
        )
    return min(moment, midnight(asked)) if asked else moment


def _champion(home: Path) -> ChurnModel | None:
    try:
        return load_champion(home)[0]
    except (NoChampion, BrokenChampion):
        return None
