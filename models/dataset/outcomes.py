"""What became of each row: whether its subscriber left, why, paid more, or left later."""

from datetime import datetime

import polars as pl

from perdura.models.dataset.labels import (
    contract_labels,
    expansion_labels,
    leaving_months,
    silence_labels,
    touched,
)
from perdura.models.dataset.later_months import LATER, are_months
from perdura.models.dataset.person_ids import labelled_once, with_owners
from perdura.models.params import TrainingParams
from perdura.models.predictor.survival import MONTHS
from perdura.sources.events import MERGES
from perdura.sources.merges import Events, owners

#: The columns that say what became of a row.
OUTCOME = ("churned", "cause", "expanded", "owner")
#: And in a later month.
CAME = (*OUTCOME, *LATER)


def label_spine(
    events: Events, spine: pl.DataFrame, params: TrainingParams, *, known_until: datetime
) -> pl.DataFrame:
    """The spine and what became of each row: the columns of ``CAME``, and ``left_out``.

    Where support contacted somebody in time to change that, nobody knows what would have become
    of them otherwise. If ``params`` say so, such a row is left out: it stays, unlabelled; and so
    is paying more, where that was changed. Who was held out and not contacted never is. Of later
    months nobody is left out: support calls those who have come into trouble since, and without
    them the others would seem to stay for ever.

    The first half of ``build_training_set``, for one part of the subscribers or for all; the
    other arguments are as there. Of each part the ``outcome_counts`` are taken, all of them
    together give the shares (``shares_of``), and then each part is measured.
    """
    pairs = spine.select("subscriber_id", "as_of")
    labels = labels_of(events, pairs, params, known_until)
    told = labels.drop("left_at", "settled_at").with_columns(
        _expanded(events, pairs, params, known_until),
        *_later(events, pairs, params, known_until),
    )
    outcomes = labelled_once(with_owners(told, owners(events[MERGES.name], known_until)))
    changed = _changed(events, labels, params, known_until)
    left_out = outcomes["churned"].is_not_null() & changed
    kept = (pl.when(~changed).then(name).alias(name) for name in ("churned", "cause", "expanded"))
    return spine.hstack(outcomes.with_columns(*kept, left_out=left_out).select(*CAME, "left_out"))


def labels_of(
    events: Events, pairs: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.DataFrame:
    """What became of each pair, as ``params`` say what churn is; as of ``contract_labels``."""
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
    """Of each row, whether support may have changed its outcome and it is left out for that."""
    if params.contacted == "features":
        return pl.repeat(value=False, n=labels.height, eager=True)
    return touched(events, labels, reach_days=params.horizon_days, known_until=known_until)


def _later(
    events: Events, pairs: pl.DataFrame, params: TrainingParams, known_until: datetime
) -> pl.DataFrame:
    """In which month each row's subscriber left, called or not, and how many months are known."""
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
    """Who chose to pay more, unasked; of nobody known where there are no contracts."""
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
