"""The training set: what was known of each subscriber at many moments, and what became of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from perdura.features.build import build_features
from perdura.features.definition import Column, Derived, Feature
from perdura.models.dataset.outcomes import CAME, label_spine
from perdura.models.dataset.sampling import Sampling, chosen, outcome_counts, sampling_of
from perdura.models.params import TrainingParams
from perdura.models.predictor.column_contract import ROW_NAMES
from perdura.sources.merges import Events
from perdura.sources.progress import OnProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Labelled feature rows.

    Attributes:
        rows: One row per (who, when): ``subscriber_id``, ``as_of``, the feature columns,
            ``churned`` (null: not known yet, told by another account of the same person, or left
            out, as support had contacted them), ``cause`` (of churners), ``expanded`` (null as
            churned is, and where there are no contracts), ``owner``, the account that it lives on
            as by now, and of the months from the date on how many are known (``months_known``) and
            in which of them its subscriber left (``left_month``, from 0, null: in none of them).
            Feature columns that only the champion reads may stand beside them.
        about: The spine as it was given, row by row beside ``rows``: what is told of each
            subscriber besides features, e.g. ``mrr``, ``currency``, ``plan``.
        columns: The feature columns, in order.
        known_until: Nothing that became known from this moment on was read.
        sampling: Which share of the rows is there, where there were more than are needed.
        texts: Where rows are missing, every text that subscribers have at the newest date: a
            column of each feature of texts, padded with nulls.
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
        learnt = {*ROW_NAMES, *self.names, *CAME}
        return self.rows.select(name for name in self.rows.columns if name in learnt)

    @property
    def seen(self) -> pl.DataFrame:
        """Rows that hold every text that may be met."""
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
    """Features and labels of the rows of the spine: of every one, or of as many as are needed.

    Rows whose outcome is not known yet stay, unlabelled: the texts in them are known to the
    model, so a plan that is new this month is no stranger on the night. Where there are more rows
    than ``params`` ask for, only those that are learnt from are built, and those texts are told
    apart.

    Args:
        events: The event tables by name.
        features: What to measure.
        spine: ``subscriber_id``, ``as_of``, each pair once, of people who would be scored then,
            with whatever else is told of them.
        params: What counts as churn, and how many rows are needed.
        known_until: Labels read only rows with ``known_at < known_until``.
        progress: Told of every table that is measured.

    Raises:
        HistoryTooShort: There are more rows than are needed, and too few dates for a split.
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
    """Features of those labelled rows that are learnt from.

    The second half of ``build_training_set``, for one part of the subscribers or for all.

    Args:
        events: The event tables by name, of the same subscribers.
        features: What to measure.
        labelled: As ``label_spine`` gives it.
        params: How rows are split.
        sampling: Of all subscribers, from ``sampling_of``.
        known_until: As it was for the labels.
        progress: Told of every table that is measured.
    """
    features = tuple(features)
    kept = chosen(labelled, sampling, params)
    rows = build_features(events, features, kept.select("subscriber_id", "as_of"), progress)
    return TrainingSet(
        rows=rows.hstack(kept.select(CAME)),
        about=kept.drop(*CAME, "left_out"),
        columns=tuple(column for feature in features for column in feature.columns),
        known_until=known_until,
        sampling=sampling,
        texts=None if sampling.everything else _texts(events, features, labelled, sampling),
    )


def join_training_sets(parts: Sequence[TrainingSet]) -> TrainingSet:
    """The training sets of all parts of the subscribers as one, sorted by date and subscriber.

    The order is that of a spine made whole, and so is everything that is learnt from it.
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
    """Every text that subscribers have at the newest date, whoever of them was chosen."""
    telling = [
        feature
        for feature in features
        if isinstance(feature, Feature) and any(column.is_category for column in feature.columns)
    ]
    newest = labelled.filter(pl.col("as_of") == pl.lit(sampling.newest))
    built = build_features(events, telling, newest.select("subscriber_id", "as_of"))
    return _distinct(built.drop("subscriber_id", "as_of"))


def _distinct(texts: pl.DataFrame) -> pl.DataFrame:
    """The texts of each column once, sorted, and nulls to the length of the longest."""
    columns = [column.drop_nulls().unique().sort() for column in texts.iter_columns()]
    longest = max((len(column) for column in columns), default=0)
    return pl.DataFrame([column.extend_constant(None, longest - len(column)) for column in columns])
