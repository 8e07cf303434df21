"""What there is to learn from: since when, until when, at which dates, by which settings."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from perdura.flows.configuration.dates import midnight, month_starts
from perdura.flows.configuration.groups import ChurnSettings, TrainingSettings
from perdura.flows.settings import Settings
from perdura.models.dataset.source_coverage import recorded_since
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.tuning.tuned_params import read_tuned, with_tuned_booster
from perdura.sources.events import CONTACTS, PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.merges import Events, known_before

# The first weeks of a history know too little of subscribers to learn from.
_WARM_UP = timedelta(days=30)
_MONTH = timedelta(days=30.4375)
_TOLD = (SUBSCRIPTIONS, PAYMENTS, TICKETS)


class NothingLanded(ValueError):
    """There are no events to work on."""


def training_params(settings: Settings) -> TrainingParams:
    """What to learn, by the settings alone: trees grow by the defaults."""
    return TrainingParams(
        churn=settings.churn.rule,
        lead_days=settings.churn.lead_days,
        horizon_days=settings.churn.horizon_days,
        grace_days=settings.churn.grace_days,
        contacted=settings.training.contacted,
        split=settings.training.split,
        calls=settings.support.calls,
        save_share=settings.support.save_share,
        monotone=settings.training.monotone,
        booster=BoosterParams(seed=settings.training.seed, threads=settings.compute.threads),
    )


def tuned_params(
    settings: Settings, dates: Sequence[datetime], known_until: datetime
) -> TrainingParams:
    """What to learn, by the settings, with trees that grow as tuned, where tuning found something.

    Args:
        settings: Of the home.
        dates: The dates that are learnt from and judged on, oldest first.
        known_until: Outcomes that are known later are not used.

    Raises:
        BrokenTuning: The file of tuned parameters cannot be read.
    """
    params, tuned = training_params(settings), read_tuned(settings.tuned)
    if tuned is None:
        return params
    closed = [date for date in dates if date + timedelta(days=params.gap_days) <= known_until]
    judged = closed[-params.judge_dates :]
    return with_tuned_booster(params, tuned, judged[0] if judged else None)


def training_dates(
    events: Events,
    known_until: datetime,
    months: int,
    step_days: int | None = None,
    *,
    churn: Literal["contract", "silence"] = "contract",
) -> list[datetime]:
    """The dates to learn from, oldest first: month starts, or every ``step_days``.

    The history begins where every source that says anything has begun to speak: before that,
    silence would be mistaken for a lack of tickets or payments. With contracts no date is taken
    before leavers were recorded, where that was later: all would seem to stay. The last date is
    ``known_until`` itself: its outcome is open, but what subscribers have by then, a new plan say,
    is learnt.

    Args:
        events: The event tables by name.
        known_until: Only rows with ``known_at < known_until`` are read.
        months: How many months back, at most.
        step_days: Days between dates; none: they are month starts.
        churn: Whether subscriptions tell who left, or silence does.

    Raises:
        NothingLanded: No source says anything early enough.
    """
    known = known_before(events, known_until)
    begins = [
        first
        for table in _TOLD
        if (first := known[table.name].select(pl.col("happened_at").min()).collect().item())
    ]
    if not begins:
        raise NothingLanded(
            f"no event was known before {known_until:%Y-%m-%d}; run `perdura extract` first, or "
            "train until a later date"
        )
    first = max(max(begins) + _WARM_UP, known_until - months * _MONTH)
    if churn == "contract":
        first = max(first, recorded_since(known[SUBSCRIPTIONS.name], known_until) or first)
    if step_days is None:
        dates = [*month_starts(first, known_until)]
    else:
        steps = (known_until - first) // timedelta(days=step_days)
        dates = [known_until - timedelta(days=step_days * k) for k in range(steps, -1, -1)]
    return sorted({*dates, known_until})


def dates_by_settings(
    events: Events, churn: ChurnSettings, training: TrainingSettings, known_until: datetime
) -> list[datetime]:
    """The ``training_dates`` of a home."""
    return training_dates(
        events,
        known_until,
        training.history_months,
        training.step_days,
        churn=churn.rule,
    )


def learns_contacts(events: Events, params: TrainingParams, known_until: datetime) -> bool:
    """Whether what support did is learnt from: it is wanted, and something was known by then."""
    if params.contacted != "features":
        return False
    known = known_before(events, known_until)[CONTACTS.name]
    return not known.select("kind").head(1).collect().is_empty()


def telling_table(churn: ChurnSettings) -> EventTable:
    """The table that tells who left."""
    return PAYMENTS if churn.rule == "silence" else SUBSCRIPTIONS


def known_history(landing: Landing, churn: ChurnSettings, until: date | None) -> datetime:
    """Until when outcomes are known: no longer than the table that tells them was read whole.

    Raises:
        NothingLanded: That table has never been read.
    """
    table = telling_table(churn)
    moment = landing.until(table)
    if moment is None:
        raise NothingLanded(
            f"no {table.name} have landed in {landing.folder}, and they tell who left; run "
            "`perdura extract` first"
        )
    return min(moment, midnight(until)) if until else moment
