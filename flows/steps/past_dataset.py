"""The whole past of a share of the subscribers, to make models anew at earlier dates."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from perdura.features.build import build_features
from perdura.features.catalogue import to_measure
from perdura.flows.settings import Settings
from perdura.flows.steps.attributes import learnt_attributes
from perdura.flows.steps.business import business_of
from perdura.flows.steps.training_window import (
    dates_by_settings,
    learns_contacts,
    telling_table,
    tuned_params,
)
from perdura.models.dataset.outcomes import label_spine
from perdura.models.dataset.training_set import TrainingSet, build_training_set
from perdura.models.params import TrainingParams
from perdura.progress import OnProgress
from perdura.sources.landing.partition import BUCKETS, Part
from perdura.sources.states.states import scored_spine

_EVERY = sys.maxsize


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDataset:
    """What a backtest asks of the history.

    Attributes:
        training: Feature rows of all dates, every one of the subscribers that are asked about.
        labels_at: What became of the rows before a moment, as it was known then.
        params: What to learn from them.
        share: Share of the subscribers that the rows are of.
        without_last: Feature rows of the newest dates with a known outcome, as they were a number
            of days before, of the subscribers that would have been scored then.
    """

    training: TrainingSet
    labels_at: Callable[[datetime], pl.DataFrame]
    params: TrainingParams
    share: float
    without_last: Callable[[int], pl.DataFrame]


def past(
    settings: Settings, known_until: datetime, most_rows: int, on_progress: OnProgress | None
) -> PastDataset:
    """The past of as many subscribers as have about ``most_rows`` rows, by their buckets.

    Raises:
        NothingLanded: There is nothing to learn from.
        HistoryTooShort: No outcome is known yet.
        BrokenTuning: The file of tuned parameters cannot be read.
    """
    whole = settings.landing.events()
    dates = dates_by_settings(whole, settings.churn, settings.training, known_until)
    wanted = tuned_params(settings, dates, known_until)
    params = replace(wanted, most_rows=_EVERY, most_later_rows=_EVERY)
    features = to_measure(
        contacts=learns_contacts(whole, params, known_until),
        attributes=learnt_attributes(settings.training.attributes, whole, known_until),
    )
    subscribers = pl.col("subscriber_id").approx_n_unique()
    count = whole[telling_table(settings.churn).name].select(subscribers).collect().item()
    part = Part(0, min(BUCKETS, max(1, -(-count * len(dates) // most_rows))))
    events = settings.landing.events(part)
    business = business_of(settings.churn, settings.value)
    spine = scored_spine(events, dates, **business)
    training = build_training_set(
        events, features, spine, params, known_until=known_until, progress=on_progress
    )

    def labels_at(origin: datetime) -> pl.DataFrame:
        before = spine.filter(pl.col("as_of") < pl.lit(origin))
        return label_spine(events, before, params, known_until=origin)

    def without_last(days: int) -> pl.DataFrame:
        closed = training.rows.filter(pl.col("churned").is_not_null())["as_of"].unique().sort()
        then = [moment - timedelta(days=days) for moment in closed[-params.judge_dates :]]
        pairs = scored_spine(events, then, **business).select("subscriber_id", "as_of")
        rows = build_features(events, features, pairs)
        return rows.with_columns(pl.col("as_of") + timedelta(days=days))

    return PastDataset(
        training=training,
        labels_at=labels_at,
        params=params,
        share=1 / part.count,
        without_last=without_last,
    )
