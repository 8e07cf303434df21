"""Small nights of a risk table, where only bands and who is held out matter."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from perdura.risk.table import publish

_RISKS = {"high": 0.5, "medium": 0.15, "low": 0.01}


def publish_night(
    url: str,
    scored_on: date,
    bands: Mapping[str, str],
    *,
    held_out: Mapping[str, bool] | None = None,
    states: Mapping[str, str] | None = None,
) -> None:
    """Publish a night of these people, in these bands; all active but for ``states``."""
    people, risks = list(bands), [_RISKS[band] for band in bands.values()]
    rows = pl.DataFrame(
        {
            "subscriber_id": people,
            "state": [(states or {}).get(who, "active") for who in people],
            "risk": risks,
            "risk_voluntary": risks,
            "risk_payment": [0.0] * len(people),
            "held_out": [held_out[who] if held_out else None for who in people],
            "reasons": [[]] * len(people),
        }
    ).with_columns(
        mrr=pl.lit(1000), currency=pl.lit("EUR"), action=pl.lit("call"), action_text=pl.lit("Call")
    )
    publish(rows, url, scored_on=scored_on, model_version="1")
