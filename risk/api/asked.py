"""What a request may ask for, as OpenAPI tells it and FastAPI checks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from perdura.risk.query.cursors import is_text
from perdura.risk.query.export import Format
from perdura.risk.query.filters import Cause, Sort, Wanted
from perdura.risk.records.contacts import LONGEST_NAME, LONGEST_NOTE
from perdura.risk.schema.tables import SCORED_STATES

LARGEST_PAGE = 500
_LARGEST_INTEGER = 2**63 - 1

Band = Literal["high", "medium", "low"]
State = Literal["trial", "active", "past_due", "paused", "leaving", "gone"]


def _holdable(text: str) -> str:
    if not is_text(text):
        raise ValueError("has a NUL or half a character in it, which no database holds")
    return text


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is before the first year, or after the last") from None


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_holdable)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_holdable)]
Some = Annotated[list[Text], Field(max_length=50)]
SubscriberId = Annotated[Id, Path(description="Who", examples=["sub_0042"])]
ContactId = Annotated[
    Id, Path(description="A UUID", examples=["0b9f6f0e-6f5e-4d0e-9a51-3c8b6f2f9d11"])
]


class _Asked(BaseModel):
    """A misspelt name is an error and not silence."""

    model_config = ConfigDict(extra="forbid")


class _Paged(_Asked):
    size: int = Field(default=50, ge=1, le=LARGEST_PAGE, description="So many a page")
    cursor: str | None = Field(default=None, max_length=4_000, description="`next` of a page")


class Filters(_Asked):
    """Whom a list or an export is of."""

    band: list[Band] = Field(default=[], max_length=10, description="Of these; by default all")
    state: list[State] = Field(
        default=[*SCORED_STATES],
        max_length=10,
        description="By now; by default those who can still be lost",
    )
    cause: Cause | None = Field(default=None, description="The larger part of the risk")
    action: Some = Field(default=[], description="What to do, as a code")
    plan: Some = Field(default=[], description="Of these; by default all")
    country: Some = Field(default=[], description="ISO 3166-1 alpha-2; by default all")
    account: Some = Field(default=[], description="Of these; all of theirs are listed")
    currency: str | None = Field(default=None, pattern="^[A-Za-z]{3}$", description="ISO 4217")
    minimum: int | None = Field(
        default=None,
        ge=0,
        le=_LARGEST_INTEGER,
        description="So much expected_loss at least, in minor units of currency",
    )
    held_out: bool | None = Field(
        default=None,
        description="Only the control group, or only the others. By default a list by worth, which "
        "is the list of whom to contact, leaves the control group out; other lists and exports "
        "have both",
    )
    new: bool = Field(
        default=False,
        description="Only subscribers whose band rose since the night before, or who were not "
        "scored then",
    )
    prefix: Annotated[str, AfterValidator(_holdable)] = Field(
        default="", max_length=200, description="How the subscriber's id begins"
    )

    def wanted(self, *, sort: Sort, size: int = 50, after: str | None = None) -> Wanted:
        """The same in the words of ``risk.query.pages``."""
        return Wanted(
            bands=tuple(self.band),
            states=tuple(self.state),
            cause=self.cause,
            actions=tuple(self.action),
            plans=tuple(self.plan),
            countries=tuple(self.country),
            accounts=tuple(self.account),
            currency=self.currency,
            minimum=self.minimum,
            held_out=False if self.held_out is None and sort == "worth" else self.held_out,
            new=self.new,
            prefix=self.prefix,
            sort=sort,
            size=size,
            after=after,
        )


class ListAsked(Filters, _Paged):
    """One page of the list."""

    sort: Sort = Field(
        default="worth", description="`worth` of a call or `risk`, highest first; or `id`"
    )


class AccountsAsked(ListAsked):
    """One page of the accounts: only subscribers that fit the filters are added up."""

    sort: Sort = Field(
        default="worth",
        description="`worth` (expected loss) or `risk` (of the riskiest subscriber), highest "
        "first; or `id`, the account's name",
    )
    minimum: int | None = Field(
        default=None,
        ge=0,
        le=_LARGEST_INTEGER,
        description="So much expected_loss of the account at least, in minor units of currency",
    )
    held_out: bool | None = Field(
        default=None,
        description="Only the control group; by default, and with false, it is left out of lists "
        "and sums",
    )
    prefix: Annotated[str, AfterValidator(_holdable)] = Field(
        default="", max_length=200, description="How the account's name begins"
    )

    def wanted_accounts(self) -> Wanted:
        """The same in the words of ``risk.query.accounts``."""
        asked = self.wanted(sort=self.sort, size=self.size, after=self.cursor)
        return replace(asked, held_out=bool(self.held_out))


class MovesAsked(_Paged):
    """One page of the moves."""

    band: list[Band] = Field(default=[], max_length=10, description="Now in these")
    before: list[Band] = Field(default=[], max_length=10, description="The night before in these")


class ExportAsked(Filters):
    """All rows of a list."""

    format: Format = Field(default="csv", description="csv, ndjson or parquet")
    raw: bool = Field(
        default=False,
        description="In CSV, text as it is in the table. By default text that a spreadsheet would "
        "run (`=1+1`) begins with an apostrophe",
    )


class AuditAsked(_Asked):
    """The newest entries of the audit."""

    subscriber_id: Id | None = Field(default=None, description="Only those about one subscriber")
    size: int = Field(default=100, ge=1, le=LARGEST_PAGE, description="So many")


class ContactAsked(_Asked):
    """A contact to be logged; ``risk.records.contacts`` says what else is checked."""

    contact_id: str = Field(
        max_length=100, description="A UUID of your choice: told again, it is the same contact"
    )
    subscriber_id: Id = Field(description="Who was contacted, or left alone")
    action: Literal["called", "mailed", "offered", "left_alone"]
    note: str | None = Field(
        default=None, max_length=LONGEST_NOTE, description="Free words; no model reads them"
    )
    happened_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = Field(
        default=None,
        description="When, with a time zone, from 1990 on and not in the future; by default now",
    )
    force: bool = Field(
        default=False, description="Log it even of a subscriber in the control group"
    )
    reason: str | None = Field(
        default=None, max_length=LONGEST_NOTE, description="Why it is forced; forcing takes one"
    )
