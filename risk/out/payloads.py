"""What a webhook tells of a move into the high band."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from perdura.risk.out.deliveries import Delivery
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import RISK, SCORED_STATES
from perdura.risk.schema.worded import worded

#: What kind of message it is.
MOVED = "risk.moved_into_high"

_TOLD = (
    "scored_on",
    "subscriber_id",
    "band",
    "band_before",
    "risk",
    "risk_before",
    "risk_voluntary",
    "risk_payment",
    "moved_by",
    "reasons",
    "action",
    "action_text",
    "mrr",
    "currency",
    "expected_loss",
    "plan",
    "country",
    "horizon_days",
    "model_version",
    "valid_until",
)


def payload(connection: sa.Connection, delivery: Delivery, now: datetime) -> bytes | None:
    """The JSON that is sent, with what is known at ``now``; ``None``: there is nothing to tell.

    That is where the night no longer has them in the high band, is a trial by now, or where they
    have left, cancelled, paused or been erased since.
    """
    row = connection.execute(_row(delivery)).mappings().first()
    if row is None or row["band"] != "high" or row["state"] not in SCORED_STATES:
        return None
    told = {"type": MOVED, "timestamp": now.isoformat(), "data": _data(row)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _row(delivery: Delivery) -> sa.Select[Any]:
    since = (STATES.c.subscriber_id == RISK.c.subscriber_id) & (STATES.c.as_of > RISK.c.scored_on)
    now = sa.func.coalesce(STATES.c.state, RISK.c.state).label("state")
    return (
        sa.select(*(worded(name) for name in _TOLD), now)
        .select_from(RISK.outerjoin(STATES, since))
        .where(RISK.c.scored_on == delivery.scored_on)
        .where(RISK.c.subscriber_id == delivery.subscriber_id, RISK.c.trial.is_not(True))
    )


def _data(row: sa.RowMapping) -> dict[str, Any]:
    told = {name: row[name] for name in (*_TOLD, "state")}
    reasons = [{"signal": each["signal"], "text": each["text"]} for each in row["reasons"]]
    days = {name: row[name].isoformat() for name in ("scored_on", "valid_until")}
    return {**told, **days, "reasons": reasons}
