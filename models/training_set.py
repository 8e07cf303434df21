"""The training set: what was known of each subscriber at many moments, and what became of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.build import build_features
from features.definition import Column, Derived, Feature
from models.labels import contract_labels, silence_labels
from models.params import TrainingParams
from models.people import labelled_once, with_owners
from sources.events import MERGES
from sources.merges import Events, owners

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Labelled feature rows.

    Attributes:
        rows: One row per (who, when): ``subscriber_id``, ``as_of``, the feature columns,
            ``churned`` (null: not known yet, or told by another account of the same person),
            ``cause`` (of churners) and ``owner``, the account that it lives on as by now.
        about: The spine as it was given, row by row beside ``rows``: what is told of each
            subscriber besides features, e.g. ``mrr``, ``currency``, ``plan``.
        columns: The feature columns, in order.
        known_until: Nothing that became known from this moment on was read.
    """

    rows: pl.DataFrame
    about: pl.DataFrame
    columns: tuple[Column, ...]
    known_until: datetime

    @property
    def names(self) -> list[str]:
        """Names of the feature columns, in order."""
        return [column.name for column in self.columns]


def build_training_set(
    events: Events,
    features: Iterable[Feature | Derived],
    spine: pl.DataFrame,
    params: TrainingParams,
    *,
    known_until: datetime,
    progress: Progress | None = None,
) -> TrainingSet:
    """Features and labels of every row of the spine.

    Rows whose outcome is not known yet stay, unlabelled: the texts in them are known to the
    model, so a plan that is new this month is no stranger on the night.

    Args:
        events: The event tables by name.
        features: What to measure.
        spine: ``subscriber_id``, ``as_of``, each pair once, of people who would be scored then,
            with whatever else is told of them.
        params: What counts as churn.
        known_until: Labels read only rows with ``known_at < known_until``.
        progress: Told after each date: how many are done, of how many, and which.
    """
    features = tuple(features)
    pairs = spine.select("subscriber_id", "as_of")
    rows = build_features(events, features, pairs, progress)
    labels = _labels(events, pairs, params, known_until)
    links = owners(events[MERGES.name], known_until)
    return TrainingSet(
        rows=labelled_once(with_owners(rows.with_columns(labels.get_columns()[2:4]), links)),
        about=spine,
        columns=tuple(column for feature in features for column in feature.columns),
        known_until=known_until,
    )


def _labels(
    events: Events, pairs: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.DataFrame:
    if params.churn == "silence":
        return silence_labels(
            events,
            pairs,
            lead_days=params.lead_days,
            horizon_days=params.horizon_days,
            known_until=known_until,
        )
    return contract_labels(
        events,
        pairs,
        lead_days=params.lead_days,
        horizon_days=params.horizon_days,
        grace_days=params.grace_days,
        known_until=known_until,
    )
