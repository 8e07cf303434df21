"""The shapes of answers, for the OpenAPI document. The columns' comments are the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, Field, create_model

from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.declare import METADATA, python_type
from perdura.risk.schema.recent import EVENTS
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import RISK
from perdura.risk.schema.views import CURRENT, HISTORY, MOVES

#: What the views' own columns say.
_OWN = {
    "state": "How they stand by now",
    "state_scored": "How they stood in the night",
    "value_if_stays": "Minor units of value_currency: the margin to come of a subscriber who does "
    "not leave within horizon_days; cltv and expected_lifetime_loss add up to it",
    "state_since": "Since when (UTC) they stand so, where that is no longer as in the night",
}

# No null in examples: FastAPI leaves it out of the document.
EXAMPLE: dict[str, Any] = {column.name: column.example for column in RISK_COLUMNS} | {
    "state_scored": "active",
    "state_since": "2026-11-27T08:12:00Z",
    "value_if_stays": 37800,
}
ACCOUNT: dict[str, Any] = {
    "account": "acme",
    "subscribers": 12,
    "expected_leavers": 2.4,
    "any_leaves": 0.93,
    "riskiest": "sub_0042",
    "risk": 0.41,
    "band": "high",
    "mrr": {"EUR": 58_800},
    "expected_loss": {"EUR": 11_760},
}
HISTORY_EXAMPLE = {c.name: EXAMPLE[c.name] for c in HISTORY.c}
FRESHNESS: dict[str, Any] = {
    "as_of": "2026-11-27T00:00:00Z",
    "valid_until": "2026-11-28T02:00:00Z",
    "age_seconds": 31_500,
    "stale": False,
    "degraded": [],
    "trial": False,
    "horizon_days": 30,
    "states_as_of": "2026-11-27T08:40:00Z",
    "published_at": "2026-11-27T02:04:10Z",
}
EVENT: dict[str, Any] = {
    "subscriber_id": "sub_0042",
    "happened_at": "2026-11-20T06:00:00Z",
    "number": 0,
    "known_at": "2026-11-20T06:00:02Z",
    "source": "payments",
    "kind": "failed",
    "amount": 4900,
    "currency": "EUR",
    "detail": "card_expired",
}
CONTACT: dict[str, Any] = {
    "contact_id": "0b9f6f0e-6f5e-4d0e-9a51-3c8b6f2f9d11",
    "subscriber_id": "sub_0042",
    "happened_at": "2026-11-27T09:30:00Z",
    "known_at": "2026-11-27T09:31:12Z",
    "action": "called",
    "by": "desk",
    "note": "Card expired, sends a new one today",
    "forced": False,
    "undone_at": "2026-11-27T09:40:00Z",
    "reason": "They called us",
}
AUDITED: dict[str, Any] = {
    "audit_id": "6a2a2a7e-5e6e-4b5e-8d8e-52a1cf7d1f0a",
    "at": "2026-11-27T09:29:58Z",
    "token_id": "1f0c2d3e4b5a6978",
    "token_name": "desk",
    "what": "subscriber",
    "subscriber_id": "sub_0042",
    "detail": {},
}


def _model(name: str, table: sa.Table, **types: Any) -> type[BaseModel]:
    """A model with the columns of a table or view, and their comments."""
    fields: dict[str, Any] = {}
    for column in table.columns:
        kind = types.get(column.name) or python_type(column)
        source = column if column.table.metadata is METADATA else RISK.c.get(column.name)
        said = _OWN.get(column.name) if column.table is CURRENT else None
        comment = said or (source.comment if source is not None else _OWN.get(column.name))
        nullable = column.name in ("state_since", "value_if_stays") or (
            source is not None and source.nullable
        )
        kind = kind | None if nullable else kind
        fields[column.name] = Annotated[kind, Field(description=comment)], ...
    return create_model(name, **fields)  # type: ignore[call-overload]


Current = _model("Current", CURRENT)
History = _model("History", HISTORY)
Move = _model("Move", MOVES)
Happened = _model("Event", EVENTS)
Contact = _model("Contact", CONTACTS)
Audited = _model("Audited", AUDIT, detail=dict[str, Any])


class Freshness(BaseModel):
    """How the newest night stands."""

    as_of: datetime = Field(description="Nothing known from then on (UTC) was used")
    valid_until: datetime = Field(description="From here on (UTC) it is stale")
    age_seconds: int = Field(description="Since as_of")
    stale: bool = Field(description="Whether valid_until has come")
    degraded: list[str] = Field(description="Sources that were missing or stale")
    trial: bool = Field(description="Whether a model version that was refused scored it: to look "
                        "at, not to act on")  # fmt: skip
    horizon_days: int | None = Field(description="Each risk is the chance of leaving within these "
                                     "days; null: of an older version")  # fmt: skip
    states_as_of: datetime | None = Field(description="States were checked again with what was "
                                          "known before then; null: not yet")  # fmt: skip
    published_at: datetime = Field(description="When the night was published")


class Listed(BaseModel):
    """One page of the newest night."""

    rows: list[Current]  # type: ignore[valid-type]
    next: str | None = Field(description="Cursor of the next page; null: this is the last")
    freshness: Freshness


class AccountRow(BaseModel):
    """One account, added up over its subscribers."""

    account: str
    subscribers: int = Field(description="How many of its subscribers fit the filters")
    expected_leavers: float = Field(description="How many of them are expected to leave within "
                                    "horizon_days")  # fmt: skip
    any_leaves: float = Field(description="Risk that at least one of them leaves, as if each "
                              "decided alone")  # fmt: skip
    riskiest: str = Field(description="The subscriber with the highest risk")
    risk: float = Field(description="Risk of the riskiest")
    band: str = Field(description="The highest band of its subscribers")
    mrr: dict[str, int] = Field(description="Minor units a month by currency; of unknown amounts "
                                "nothing")  # fmt: skip
    expected_loss: dict[str, int] = Field(description="What of mrr is expected to be lost")


class ListedAccounts(BaseModel):
    """One page of the accounts of the newest night."""

    rows: list[AccountRow]
    next: str | None = Field(description="Cursor of the next page; null: this is the last")
    freshness: Freshness


class Moved(BaseModel):
    """One page of subscribers in another band than the night before."""

    rows: list[Move]  # type: ignore[valid-type]
    next: str | None = Field(description="Cursor of the next page; null: this is the last")
    freshness: Freshness


class SubscriberDetail(BaseModel):
    """All that is known of one subscriber."""

    subscriber_id: str
    now: Current | None = Field(description="Row of the newest night; null: not scored in it")  # type: ignore[valid-type]
    history: list[History]  # type: ignore[valid-type]
    events: list[Happened]  # type: ignore[valid-type]
    contacts: list[Contact]  # type: ignore[valid-type]
    freshness: Freshness


class Logged(BaseModel):
    """A contact as it stands in the table."""

    contact: Contact  # type: ignore[valid-type]
    known: bool = Field(description="Whether a night of the last 90 scored the subscriber: false "
                        "may be a mistake in the id")  # fmt: skip
    freshness: Freshness | None = Field(description="null: no night has been published")


class Audits(BaseModel):
    """Entries of the audit, newest first."""

    rows: list[Audited]  # type: ignore[valid-type]


class Health(BaseModel):
    """That the database answers, and whether its newest night is current."""

    status: str
    stale: bool = Field(description="Whether the newest night is out of date, or there is none")
    age_seconds: int | None = Field(description="Since as_of of the newest night; null: no data")
    no_data: bool = Field(description="Whether no night has been published yet")


class Fresh(BaseModel):
    """How the newest night stands, and how many are in it."""

    rows: int
    model_version: str
    freshness: Freshness


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    asked: str = Field(description="What was asked")
    found: str = Field(description="What was found")
    todo: str = Field(description="What to do")


def documented(model: type[BaseModel], example: dict[str, Any], *errors: int) -> dict[str, Any]:
    """What OpenAPI says of a route's answers."""
    content = {"application/json": {"example": example}}
    return {"responses": {200: {"model": model, "content": content}} | problems(*errors)}


def problems(*errors: int) -> dict[int, Any]:
    """What OpenAPI says of errors."""
    problem = {"application/problem+json": {"schema": ProblemDocument.model_json_schema()}}
    return {status: {"description": "Says what to do", "content": problem} for status in errors}
