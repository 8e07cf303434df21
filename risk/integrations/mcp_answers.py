"""The shapes of answers to assistants. Fields are the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field

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
    horizon_days: int | None = Field(description="Risks are of leaving within these days")
    subscribers: int = Field(description="How many were scored")
    states_as_of: datetime | None = Field(description="States were checked again until then (UTC)")


class PersonAnswer(BaseModel):
    """One subscriber of the newest night."""

    subscriber_id: str
    risk: float = Field(description="Calibrated, 0 to 1, of leaving within horizon_days")
    risk_voluntary: float = Field(description="Its part by choice")
    risk_payment: float = Field(description="Its part by payment failure")
    band: str = Field(description="high, medium or low")
    rank: int = Field(description="1 is the riskiest of the night")
    state: str = Field(description="As they stand by now: leaving and gone are no risks any more")
    held_out: bool = Field(description="In the control group: not to be contacted")
    mrr: int | None = Field(description=_AMOUNT)
    expected_loss: int | None = Field(description=f"risk x mrr. {_AMOUNT}")
    currency: str | None = Field(description="ISO 4217")
    reasons: list[str] = Field(description="In words, strongest first")
    action: str = Field(description="What to do, as a code")
    action_text: str = Field(description="What to do, in words")
    advice: str | None = Field(description="save, offer or leave_alone")
    plan: str | None
    account: str | None = Field(description="Company that several subscribers belong to")
    country: str | None
    unknown_values: str | None = Field(description="Columns with a text that is new to the model")

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
