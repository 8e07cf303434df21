"""The training set: features of each subscriber at many dates, and their outcomes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from perdura.features.build import build_features
from perdura.features.definition import Column, Derived, Feature
from perdura.models.dataset.outcomes import ALL_OUTCOMES, label_spine
from perdura.models.dataset.sampling import Sampling, chosen, outcome_counts, sampling_of
from perdura.models.params import TrainingParams
from perdura.models.predictor.column_contract import ROW_NAMES
from perdura.progress import OnProgress
from perdura.sources.merges import Events


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Labelled feature rows.

    Attributes:
        rows: One row per subscriber and date: ``subscriber_id``, ``as_of``, the feature columns,
            ``churned`` (null: not known yet, labelled under another account of the same person,
            or left out because of a contact), ``cause`` (of churners), ``expanded`` (null as
            ``churned``, and without contracts), ``owner`` (the account merged into by now),
            ``months_known`` (months from the date on with known outcomes) and ``left_month``
            (the month in which the subscriber left, from 0; null: in none of them). Feature
            columns that only the champion reads may stand beside them.
        about: The spine as it was given, row by row beside ``rows``: attributes besides features,
            e.g. ``mrr``, ``currency``, ``plan``.
        columns: The feature columns, in order.
        known_until: Nothing that became known from this moment on was read.
        sampling: The shares of the rows that were taken.
        texts: Where not every row was taken, every text of the newest date: one column per
            feature of texts, padded with nulls.
    """

    rows: pl.DataFrame
    about: pl.DataFrame
    columns: tuple[Column, ...]
    known_until: datetime
    sampling: Sampling = field(default_factory=Sampling)
    texts: pl.DataFrame | None = None

    @property
    def names(self) -> list[str]:
        """Names of the feature columns, in order."""
        return [column.name for column in self.columns]

    @property
    def learnt_from(self) -> pl.DataFrame:
        """The rows without the columns that only the champion reads."""
        fitted = {*ROW_NAMES, *self.names, *ALL_OUTCOMES}
        return self.rows.select(name for name in self.rows.columns if name in fitted)

    @property
    def seen(self) -> pl.DataFrame:
        """Rows that hold every text that may occur."""
        if self.texts is None:
            return self.rows
        return pl.concat([self.rows, self.texts], how="diagonal")


def build_training_set(
    events: Events,
    features: Iterable[Feature | Derived],
    spine: pl.DataFrame,
    params: TrainingParams,
    *,
    known_until: datetime,
    progress: OnProgress | None = None,
) -> TrainingSet:
    """Features and labels of the rows of the spine, or of as many as ``params`` need.

    Rows with unknown outcomes stay, unlabelled: the model learns their texts, so that a plan that
    is new this month is no unseen text at night. Where there are more rows than ``params`` need,
    only the sampled rows are built, and those texts are kept apart.

    Args:
        events: The event tables by name.
        features: The features to build.
        spine: ``subscriber_id``, ``as_of``, each pair once, of subscribers who would be scored
            then, with any other attributes.
        params: What counts as churn, and how many rows are needed.
        known_until: Labels read only rows with ``known_at < known_until``.
        progress: Called for every table that is measured.

    Raises:
        HistoryTooShort: There are more rows than needed, and too few dates for a split.
    """
    labelled = label_spine(events, spine, params, known_until=known_until)
    sampling = sampling_of([outcome_counts(labelled, params)], params)
    return measure_chosen(
        events,
        features,
        labelled,
        params,
        sampling=sampling,
        known_until=known_until,
        progress=progress,
    )


def measure_chosen(
    events: Events,
    features: Iterable[Feature | Derived],
    labelled: pl.DataFrame,
    params: TrainingParams,
    *,
    sampling: Sampling,
    known_until: datetime,
    progress: OnProgress | None = None,
) -> TrainingSet:
    """Features of the labelled rows that the sampling takes.

    The second half of ``build_training_set``, for one part of the subscribers or for all.

    Args:
        events: The event tables by name, of the same subscribers.
        features: The features to build.
        labelled: From ``label_spine``.
        params: How rows are split.
        sampling: Of all subscribers, from ``sampling_of``.
        known_until: As for the labels.
        progress: Called for every table that is measured.
    """
    features = tuple(features)
    kept = chosen(labelled, sampling, params)
    rows = build_features(events, features, kept.select("subscriber_id", "as_of"), progress)
    return TrainingSet(
        rows=rows.hstack(kept.select(ALL_OUTCOMES)),
        about=kept.drop(*ALL_OUTCOMES, "left_out"),
        columns=tuple(column for feature in features for column in feature.columns),
        known_until=known_until,
        sampling=sampling,
        texts=None if sampling.everything else _texts(events, features, labelled, sampling),
    )


def join_training_sets(parts: Sequence[TrainingSet]) -> TrainingSet:
    """The training sets of all parts of the subscribers as one, sorted by date and subscriber.

    The order equals that of one spine of all subscribers, so the fitted model is the same.
    """
    first = parts[0]
    keys = pl.concat([part.rows.select("as_of", "subscriber_id") for part in parts])
    order = keys.select(pl.arg_sort_by("as_of", "subscriber_id")).to_series()
    texts = [part.texts for part in parts if part.texts is not None]
    return replace(
        first,
        rows=pl.concat([part.rows for part in parts], rechunk=False)[order],
        about=pl.concat([part.about for part in parts], rechunk=False)[order],
        texts=_distinct(pl.concat(texts)) if texts else None,
    )


def _texts(
    events: Events,
    features: Sequence[Feature | Derived],
    labelled: pl.DataFrame,
    sampling: Sampling,
) -> pl.DataFrame:
    """Every text of the newest date, of all subscribers, sampled or not."""
    with_texts = [
        feature
        for feature in features
        if isinstance(feature, Feature) and any(column.is_category for column in feature.columns)
    ]
    newest = labelled.filter(pl.col("as_of") == pl.lit(sampling.newest))
    built = build_features(events, with_texts, newest.select("subscriber_id", "as_of"))
    return _distinct(built.drop("subscriber_id", "as_of"))


def _distinct(texts: pl.DataFrame) -> pl.DataFrame:
    """The texts of each column once, sorted, and nulls to the length of the longest."""
    columns = [column.drop_nulls().unique().sort() for column in texts.iter_columns()]
    longest = max((len(column) for column in columns), default=0)
    return pl.DataFrame([column.extend_constant(None, longest - len(column)) for column in columns])
