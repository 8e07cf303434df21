"""The risk table: how likely each subscriber is to leave, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import sqlalchemy as sa

from perdura.progress import OnProgress
from perdura.risk.errors import BadScores, NoNight
from perdura.risk.night import NightFreshness, freshness_of
from perdura.risk.publish.ranking import Bands
from perdura.risk.query.phrases import in_language
from perdura.risk.query.queries import (
    dates_of_nights,
    frame,
    nights_of,
    offers_of,
    published_night,
    records,
)
from perdura.risk.query.trial import TrialRefused
from perdura.risk.schema.tables import INDEXED_RANKS, RISK
from perdura.risk.store.connect import reading

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from perdura.risk.publish.not_scored import NotScored

    Scores = pl.DataFrame | pd.DataFrame

__all__ = [
    "BadScores",
    "Bands",
    "NoNight",
    "PublishOptions",
    "TrialRefused",
    "freshness",
    "history",
    "publish",
    "published_dates",
    "read",
    "riskiest",
    "to_offer",
]


class PublishOptions(TypedDict, total=False):
    """What ``publish`` may be given besides the scores.

    Attributes:
        horizon_days: The risk is of leaving within this many days, where that is known.
        trial: Whether the model version was refused. A trial is marked wherever it is shown, is
            sent to no other tool, and is compared with other trials only.
        language: Language of ``reasons`` and ``action_text``; by default ``en``.
        actions: What texts of ``action_text`` are in other languages, by language.
        degraded: Sources that were missing or stale.
        not_scored: MRR of the subscribers that the night leaves out.
        bands: Where the bands begin.
        valid_for: How long after 00:00 UTC on ``scored_on`` the night is current.
        keep_months: Months of nights that stay, that of the newest night among them; older ones
            go. By default all stay.
        now: When it is published; by default, now.
        progress: Called at every step.
        rows_at_a_time: Rows that are checked, and inserted, at once, at least one; two or three
            times as many are in memory. Neither this number nor the next changes the night.
        read_at_a_time: Rows of every such piece that are read at once when they are put in order,
            at least one.
    """

    horizon_days: int | None
    trial: bool
    language: str
    actions: Mapping[str, Mapping[str, str]]
    degraded: Sequence[str]
    not_scored: Sequence[NotScored]
    bands: Bands
    valid_for: timedelta
    keep_months: int | None
    now: datetime | None
    progress: OnProgress | None
    rows_at_a_time: int
    read_at_a_time: int


def publish(
    scores: Scores | Iterable[Scores],
    url: str,
    *,
    scored_on: date,
    model_version: str,
    **options: Unpack[PublishOptions],
) -> int:
    """Replace one night of the risk table and leave every other night as it was.

    It happens in one transaction: readers see the old night or the new one, never a mixture, and
    never wait. If the night is already there with the same content, nothing changes.

    Args:
        scores: One row per subscriber, as ``risk.publish.score_contract`` describes it; or
            many such frames, each subscriber in one of them. They may take their time: each is put
            aside in a file before the next is requested, and the table is not locked before the
            last has come.
        url: ``sqlite:///FILE``, made where absent, or ``postgresql://USER@HOST/DATABASE``.
        scored_on: Nothing known from this day on (UTC) was used.
        model_version: Registry version of the model that made the scores.
        **options: As of ``PublishOptions``.

    Returns:
        Number of subscribers in the night.

    Raises:
        BadScores: The scores break a rule. Nothing was published.
        NewerStore: A newer version of Perdura wrote the store. Nothing was published.
        TrialRefused: It is a trial of a night that a champion has scored. Nothing was published.
        Unreachable: The database does not answer, went away or is full. Nothing was published,
            unless it went away while it was committing; publishing it again is safe.
        ValueError: ``url`` names no store.
    """
    from perdura.risk.publish.publish import Publication, publish_night

    publication = Publication(url=url, scored_on=scored_on, model_version=model_version, **options)
    return publish_night(scores, publication)


def read(
    url: str,
    *,
    scored_on: date | None = None,
    top: int | None = None,
    subscriber_id: str | None = None,
) -> pd.DataFrame:
    """One night, riskiest first: one row per subscriber, columns as in ``risk.schema.tables.RISK``.

    Args:
        url: Where it was published.
        scored_on: Which night; by default the newest. ``freshness`` says whether it is stale.
        top: Number of the riskiest, at least one; by default all.
        subscriber_id: Only this subscriber: no row if they were not scored that night.

    Returns:
        ``scored_on`` as datetime64, ``valid_until`` with UTC, ``reasons`` and ``degraded`` as
        lists, ``mrr`` and ``expected_loss`` as nullable integers.

    Raises:
        NoNight: Says which nights there are.
    """
    query = by_rank(top)
    if subscriber_id is not None:
        query = query.where(RISK.c.subscriber_id == subscriber_id)
    with reading(url) as connection:
        night = published_night(connection, scored_on)
        return frame(connection, query.where(RISK.c.scored_on == night.scored_on))


def riskiest(
    url: str, top: int, *, scored_on: date | None = None, language: str | None = None
) -> list[dict[str, Any]]:
    """The rows that ``read`` gives, as plain Python values: what is unknown is ``None``.

    For few rows that should come at once: importing pandas takes longer than finding them. With a
    ``language`` their texts are in it, as far as the night knows them, and they say which they are
    in, as ``risk.query.phrases.in_language`` does.

    Raises:
        NoNight: Says which nights there are.
    """
    query = by_rank(top)
    with reading(url) as connection:
        night = published_night(connection, scored_on)
        rows = records(connection, query.where(RISK.c.scored_on == night.scored_on))
        return in_language(connection, night, rows, language) if language else rows


def to_offer(url: str, top: int, *, scored_on: date | None = None) -> list[dict[str, Any]]:
    """The rows of subscribers to offer an upgrade, likeliest first, as ``riskiest`` gives them.

    Raises:
        NoNight: Says which nights there are.
    """
    with reading(url) as connection:
        return offers_of(connection, published_night(connection, scored_on), top)


def history(url: str, subscriber_id: str) -> pd.DataFrame:
    """All nights of one subscriber, oldest first, as ``read`` gives them.

    Raises:
        NoNight: Nothing has been published.
    """
    with reading(url) as connection:
        published_night(connection)
        return frame(connection, nights_of(subscriber_id))


def published_dates(url: str) -> set[date]:
    """The dates of all published nights; none where nothing has been published."""
    with suppress(NoNight), reading(url) as connection:
        return dates_of_nights(connection)
    return set()


def freshness(url: str, now: datetime | None = None) -> NightFreshness:
    """Whether the newest night is still current at ``now`` (by default, now).

    Raises:
        NoNight: Nothing has been published.
    """
    with reading(url) as connection:
        return freshness_of(published_night(connection), now or datetime.now(UTC))


def by_rank(top: int | None) -> sa.Select[Any]:
    """All nights' rows, riskiest first; or the first ``top`` of the night that the caller names."""
    if top is not None and top < 1:
        raise ValueError(f"top should be at least 1, got {top}; leave it out for all subscribers")
    query = sa.select(RISK).order_by(RISK.c.rank).limit(top)
    if top is None or top > INDEXED_RANKS:
        return query
    # In the index's own words: else SQLite does not see that it holds them.
    return query.where(RISK.c.rank <= sa.literal_column(str(INDEXED_RANKS)))
