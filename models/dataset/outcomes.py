"""The outcome of each row: whether its subscriber left, why, when, and whether they paid more."""

from datetime import datetime

import polars as pl

from perdura.models.dataset.labels import (
    contacted_before_settled,
    contract_labels,
    expansion_labels,
    leaving_months,
    silence_labels,
)
from perdura.models.dataset.later_months import LATER, are_months
from perdura.models.dataset.person_ids import labelled_once, with_owners
from perdura.models.params import TrainingParams
from perdura.models.predictor.survival import MONTHS
from perdura.sources.events import MERGES
from perdura.sources.merges import Events, owners

#: The outcome columns of a row.
OUTCOME = ("churned", "cause", "expanded", "owner")
#: The same with those of later months.
ALL_OUTCOMES = (*OUTCOME, *LATER)


def label_spine(
    events: Events, spine: pl.DataFrame, params: TrainingParams, *, known_until: datetime
) -> pl.DataFrame:
    """The spine and the outcome of each row: the columns of ``ALL_OUTCOMES``, and ``left_out``.

    Where support contacted a subscriber in time to change the outcome, the outcome without the
    contact is unknown. If ``params`` say so, the label of such a row is left out: the row stays,
    unlabelled; likewise ``expanded``. Subscribers held out and not contacted keep their labels.
    Later months are never left out: support calls subscribers who became at risk since, and
    without them the others would seem to stay for ever.

    The first half of ``build_training_set``, for one part of the subscribers or for all; the
    other arguments are as there. The ``outcome_counts`` of all parts together give the sampling
    (``sampling_of``); then each part is measured.
    """
    pairs = spine.select("subscriber_id", "as_of")
    labels = labels_of(events, pairs, params, known_until)
    rows = labels.drop("left_at", "settled_at").with_columns(
        _expanded(events, pairs, params, known_until),
        *_later(events, pairs, params, known_until),
    )
    outcomes = labelled_once(with_owners(rows, owners(events[MERGES.name], known_until)))
    changed = _changed(events, labels, params, known_until)
    left_out = outcomes["churned"].is_not_null() & changed
    kept = (pl.when(~changed).then(name).alias(name) for name in ("churned", "cause", "expanded"))
    labelled = outcomes.with_columns(*kept, left_out=left_out)
    return spine.hstack(labelled.select(*ALL_OUTCOMES, "left_out"))


def labels_of(
    events: Events, pairs: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.DataFrame:
    """The labels of each pair by the definition of churn in ``params``; as ``contract_labels``."""
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


def _changed(
    events: Events, labels: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.Series:
    """Whether each row is left out because support may have changed its outcome."""
    if params.contacted == "features":
        return pl.repeat(value=False, n=labels.height, eager=True)
    return contacted_before_settled(
        events, labels, reach_days=params.horizon_days, known_until=known_until
    )


def _later(
    events: Events, pairs: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.DataFrame:
    """The columns of ``LATER``, contacted or not; null where there are no months."""
    if not are_months(params):
        unknown = pl.lit(None, dtype=pl.Int8)
        return pairs.with_columns(unknown.alias(name) for name in LATER).select(LATER)
    return leaving_months(
        events,
        pairs,
        months=MONTHS,
        horizon_days=params.horizon_days,
        grace_days=params.grace_days,
        known_until=known_until,
    )


def _expanded(
    events: Events, pairs: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.Series:
    """Whether each subscriber chose to pay more without a contact; null without contracts."""
    if params.churn == "silence":
        return pl.Series("expanded", [None], dtype=pl.Boolean).new_from_index(0, pairs.height)
    labels = expansion_labels(
        events,
        pairs,
        lead_days=params.lead_days,
        horizon_days=params.expansion_days,
        known_until=known_until,
    )
    changed = _changed(events, labels, params, known_until)
    return labels.select(expanded=pl.when(~changed).then("expanded")).to_series()
