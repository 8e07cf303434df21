"""The MRR of subscribers that a night does not score, summed over its parts."""

import json
from collections.abc import Iterable

import polars as pl

from perdura.risk.publish.not_scored import NotScored
from perdura.sources.states.states import SCORED

_KEY = ["state", "currency"]


def sum_not_scored(subscribers: pl.DataFrame) -> str:
    """Subscribers and MRR by state and currency, of those who are neither scored nor gone: JSON.

    Args:
        people: As of ``sources.states.states.states_at``.
    """
    rest = subscribers.filter(~pl.col("state").is_in((*SCORED, "gone")))
    summed = rest.group_by("state", pl.col("currency").fill_null("")).agg(
        subscribers=pl.len(), mrr=pl.col("mrr").sum(), unpriced=pl.col("mrr").null_count()
    )
    return json.dumps(summed.sort(_KEY).to_dicts())


def not_scored(parts: Iterable[str]) -> list[NotScored]:
    """What ``sum_not_scored`` found in all parts of a night, by state and currency."""
    rows = [row for part in parts for row in json.loads(part)]
    if not rows:
        return []
    summed = pl.DataFrame(rows).group_by(_KEY).sum().sort(_KEY)
    return [NotScored(**row) for row in summed.to_dicts()]
