"""The message of a webhook about a move into the high band."""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from perdura.risk.integrations.deliveries import Delivery
from perdura.risk.schema.in_words import in_words
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import RISK, SCORED_STATES

#: What kind of message it is.
MOVED = "risk.moved_into_high"

#: Fields of its data besides ``state``.
FIELDS = (
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
    """The JSON that is sent, with what is known at ``now``; ``None``: there is nothing to send.

    That is where the subscriber is no longer in the high band, has left, cancelled, paused or been
    erased since, or where the night is a trial by now.
    """
    since = (STATES.c.subscriber_id == RISK.c.subscriber_id) & (STATES.c.as_of > RISK.c.scored_on)
    state = sa.func.coalesce(STATES.c.state, RISK.c.state).label("state")
    query = (
        sa.select(*(in_words(name) for name in FIELDS), state)
        .select_from(RISK.outerjoin(STATES, since))
        .where(RISK.c.scored_on == delivery.scored_on)
        .where(RISK.c.subscriber_id == delivery.subscriber_id, RISK.c.trial.is_not(True))
    )
    row = connection.execute(query).mappings().first()
    if row is None or row["band"] != "high" or row["state"] not in SCORED_STATES:
        return None
    reasons = [{"signal": reason["signal"], "text": reason["text"]} for reason in row["reasons"]]
    days = {name: row[name].isoformat() for name in ("scored_on", "valid_until")}
    data = {name: row[name] for name in (*FIELDS, "state")} | days | {"reasons": reasons}
    message = {"type": MOVED, "timestamp": now.isoformat(), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
