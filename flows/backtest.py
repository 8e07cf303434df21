"""On demand: how good the model would have been at every date of the history."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from features.catalogue import FEATURES
from flows.progress import step
from flows.settings import Settings
from flows.train_weekly import (
    known_history,
    telling_table,
    training_dates,
    training_params,
)
from models.backtest import backtest
from models.backtested import Backtest
from models.tracking import log_backtest
from models.training_set import build_training_set, label_spine
from sources.landing import read_events
from sources.partition import BUCKETS, Part
from sources.states import scored_spine

# Feature rows held at once, about; of those all are learnt from.
_MOST_ROWS = 2_000_000
_EVERY = sys.maxsize

backtest_step = task(name="backtest", cache_policy=NO_CACHE)(backtest)
log_step = task(name="log", cache_policy=NO_CACHE)(log_backtest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtested:
    """One backtest.

    Attributes:
        run_id: Of the run in MLflow, which keeps the card, the tables and the picture.
        found: What was found.
        share: Of the subscribers, so many were asked about.
        seconds: By step.
    """

    run_id: str
    found: Backtest
    share: float
    seconds: Mapping[str, float]


@flow(name="backtest")
def backtest_history(
    until: date | None = None, home: Path | None = None, origins: int | None = None
) -> Backtested:
    """Make and judge the model at each date of the history, as if it were that day. Log it.

    Nobody is promoted by it. Of very many subscribers a share is asked about, by their buckets.

    Args:
        until: The first day whose facts are not used; by default all that has landed is.
        home: Where everything is kept, if not where the settings say.
        origins: So many of the newest dates; by default all that have enough before them.

    Raises:
        NothingLanded: There is nothing to learn from.
        HistoryTooShort, NotEnoughChurn: There is too little of it.
    """
    settings, seconds = Settings.at(home), {}
    known_until = known_history(settings, until)
    params = replace(training_params(settings), most_rows=_EVERY, most_later_rows=_EVERY)
    everybody = read_events(settings.landing)
    dates = training_dates(everybody, known_until, settings.history_months, settings.step_days)
    part = _part(everybody[telling_table(settings).name], len(dates))
    events = read_events(settings.landing, part)
    with step("features", seconds) as tell:
        spine = scored_spine(events, dates, **settings.business)
        training = build_training_set(
            events, FEATURES, spine, params, known_until=known_until, progress=tell
        )

    def labels_at(origin: datetime) -> pl.DataFrame:
        before = spine.filter(pl.col("as_of") < pl.lit(origin))
        return label_spine(events, before, params, known_until=origin)

    with step("backtest", seconds) as tell:
        found = backtest_step(training, labels_at, params, most=origins, progress=tell)
    with step("log", seconds):
        run_id = log_step(found, settings.home)
    return Backtested(run_id=run_id, found=found, share=1 / part.of, seconds=seconds)


def _part(told: pl.LazyFrame, dates: int) -> Part:
    """The share of the subscribers, told of in a table, whose rows can be held at once."""
    people = told.select(pl.col("subscriber_id").approx_n_unique()).collect().item()
    return Part(0, min(BUCKETS, max(1, -(-people * dates // _MOST_ROWS))))
