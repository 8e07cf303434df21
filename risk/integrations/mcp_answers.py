"""The shapes of answers to assistants. Fields are the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, create_model

from perdura.risk.schema.declare import python_type
from perdura.risk.schema.risk_columns import RISK_COLUMNS

_AMOUNT = "Minor units of currency a month, e.g. cents; null is unknown"


class FreshAnswer(BaseModel):
    """How much the newest night can be relied on."""

    scored_on: date = Field(description="Nothing known from this day on (UTC) was used")
    valid_until: datetime = Field(description="From here on (UTC) it is stale")
    age_hours: float = Field(description="Hours since 00:00 UTC on scored_on")
    stale: bool = Field(description="Whether valid_until has come")
    degraded: list[str] = Field(description="Sources that were missing or stale")
    trial: bool = Field(description="A model version that was refused scored it: no one is to act "
                        "on it")  # fmt: skip
    horizon_days: int | None = Field(
        description="Each risk is the chance of leaving within these days"
    )
    subscribers: int = Field(description="How many were scored")
    states_as_of: datetime | None = Field(description="States were checked again until then (UTC)")


#: Columns that assistants get in another form than the table has: type and meaning.
_FOR_ASSISTANTS: dict[str, tuple[Any, str]] = {
    "state": (str, "As they stand by now: leaving and gone are no risks any more"),
    "held_out": (bool, "In the control group: not to be contacted"),
    "reasons": (list[str], "In words, strongest first"),
}


def _fields() -> dict[str, Any]:
    """Fields of the columns of ``RISK_COLUMNS`` for assistants, as ``create_model`` takes them."""
    fields: dict[str, Any] = {}
    for declared in RISK_COLUMNS:
        if declared.name in _FOR_ASSISTANTS:
            kind, meaning = _FOR_ASSISTANTS[declared.name]
        elif declared.assistant:
            kind, meaning = python_type(declared.column()), declared.meaning
            kind = kind | None if declared.nullable else kind
        else:
            continue
        fields[declared.name] = Annotated[kind, Field(description=meaning)], ...
    return fields


_Person = create_model("_Person", **_fields())


class PersonAnswer(_Person):
    """One subscriber of the newest night."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A row of ``risk_current`` as an answer."""
        values: dict[str, Any] = {name: row[name] for name in cls.model_fields}
        values["reasons"] = [reason["text"] for reason in row["reasons"]]
        values["held_out"] = bool(row["held_out"])
        return cls(**values)


class Move(BaseModel):
    """A subscriber in another band than the night before."""

    subscriber_id: str
    band_before: str
    band: str
    risk_before: float
    risk: float
    moved_by: str | None = Field(description="The reason that came, or went, in words")
    state: str
    expected_loss: int | None = Field(description=_AMOUNT)
    currency: str | None


class PastAnswer(BaseModel):
    """A subscriber in one night."""

    scored_on: date
    risk: float
    band: str
    trial: bool | None = Field(description="Whether a version that was refused scored it")


class EventAnswer(BaseModel):
    """Something that happened to a subscriber."""

    happened_at: datetime
    source: str = Field(description="subscriptions, payments, tickets or contacts")
    kind: str
    amount: int | None = Field(description="Minor units of currency")
    currency: str | None
    detail: str | None = Field(description="Plan, topic or failure code")


class Calls(BaseModel):
    """Subscribers to call, the most worthwhile first."""

    freshness: FreshAnswer
    people: list[PersonAnswer]


class AccountAnswer(BaseModel):
    """One account, added up over its subscribers that can still be kept."""

    account: str
    subscribers: int = Field(description="How many are added up; none of the control group is")
    any_leaves: float = Field(description="Risk that at least one of them leaves, as if each "
                              "decided alone")  # fmt: skip
    riskiest: str = Field(description="The subscriber with the highest risk")
    risk: float = Field(description="Risk of the riskiest")
    band: str = Field(description="The highest band of its subscribers")
    mrr: dict[str, int] = Field(description="Minor units a month, by currency")
    expected_loss: dict[str, int] = Field(description="risk x mrr, added up, by currency")


class Companies(BaseModel):
    """Accounts, highest expected loss first."""

    freshness: FreshAnswer
    accounts: list[AccountAnswer]
    more: bool = Field(description="Whether there are more than these")


class Why(BaseModel):
    """One subscriber, now and lately."""

    freshness: FreshAnswer
    person: PersonAnswer | None = Field(description="null: the newest night did not score them")
    history: list[PastAnswer] = Field(description="Of the last 90 nights, oldest first")
    events: list[EventAnswer] = Field(description="The last 20, newest first")


class MovedAnswer(BaseModel):
    """Subscribers in another band than the night before."""

    freshness: FreshAnswer
    people: list[Move] = Field(description="Highest risk first")
    more: bool = Field(description="Whether there are more than these")
