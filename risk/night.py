"""One published night: what is true of all its rows, and whether it is still current."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from perdura.risk.content_hash import Content

#: From 00:00 UTC on the day of the scores to two hours into the next day.
VALID_FOR = timedelta(hours=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What is true of all rows of a night, named as in the table ``nights``."""

    scored_on: date
    published_at: datetime
    rows: int
    model_version: str
    language: str
    valid_until: datetime
    degraded: list[str]
    fingerprint: str
    states_as_of: datetime | None = None
    horizon_days: int | None = None
    trial: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFreshness:
    """Whether the newest night can still be relied on.

    Attributes:
        scored_on: The newest night.
        valid_until: When it goes stale.
        age: Since 00:00 UTC on ``scored_on``: nothing that became known since was used.
        stale: Whether ``valid_until`` has come.
        degraded: Sources that were missing or stale when it was scored.
        trial: Whether a model version that was refused scored it.
    """

    scored_on: date
    valid_until: datetime
    age: timedelta
    stale: bool
    degraded: tuple[str, ...]
    trial: bool = False


def midnight(day: date) -> datetime:
    """00:00 UTC, where the day begins."""
    return datetime.combine(day, time(), UTC)


def freshness_of(night: Night, now: datetime) -> NightFreshness:
    """The freshness at ``now`` of the newest night."""
    return NightFreshness(
        scored_on=night.scored_on,
        valid_until=night.valid_until,
        age=now - midnight(night.scored_on),
        stale=now >= night.valid_until,
        degraded=tuple(night.degraded),
        trial=bool(night.trial),
    )


def night_of(
    rows: int,
    content: Content,
    *,
    scored_on: date,
    model_version: str,
    language: str,
    degraded: list[str],
    valid_for: timedelta,
    published_at: datetime,
    horizon_days: int | None = None,
    trial: bool = False,
    before: str | None = None,
) -> Night:
    """The night of these rows, current for ``valid_for`` after 00:00 UTC on its day.

    The fingerprint is the same if and only if the content is, and that of the night ``before``,
    beside which it stands; ``published_at`` is not content.
    """
    facts: dict[str, Any] = {
        "scored_on": scored_on,
        "rows": rows,
        "model_version": model_version,
        "language": language,
        "valid_until": midnight(scored_on) + valid_for,
        "degraded": degraded,
        "horizon_days": horizon_days,
        "trial": trial,
    }
    digest = content.digest(facts if before is None else facts | {"before": before})
    return Night(**facts, published_at=published_at, fingerprint=digest)
