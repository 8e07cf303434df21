"""The parameters and bodies of requests, as OpenAPI documents and FastAPI checks them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from perdura.risk.query.export import Format
from perdura.risk.query.filters import LARGEST_INTEGER, Band, Filters, Prefix, storable
from perdura.risk.query.list_query import ListQuery, Sort
from perdura.risk.records.contacts import LONGEST_NAME, LONGEST_NOTE

LARGEST_PAGE = 500


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is before the first year, or after the last") from None


Id = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(storable)]
SubscriberId = Annotated[Id, Path(description="Who", examples=["sub_0042"])]
ContactId = Annotated[
    Id, Path(description="A UUID", examples=["0b9f6f0e-6f5e-4d0e-9a51-3c8b6f2f9d11"])
]


class _Parameters(BaseModel):
    # A misspelt name is an error and not silence.
    model_config = ConfigDict(extra="forbid")


class _Paged(_Parameters):
    size: int = Field(default=50, ge=1, le=LARGEST_PAGE, description="Rows of a page")
    cursor: str | None = Field(default=None, max_length=4_000, description="`next` of a page")


class ListRequest(Filters, _Paged):
    """One page of the list."""

    sort: Sort = Field(
        default="worth", description="`worth` of a call or `risk`, highest first; or `id`"
    )

    def list_query(self) -> ListQuery:
        """The page; a list by worth is a list of contacts, so without the control group."""
        filters: Filters = self
        if self.held_out is None and self.sort == "worth":
            filters = self.model_copy(update={"held_out": False})
        return ListQuery(filters=filters, sort=self.sort, size=self.size, after=self.cursor)


class AccountsRequest(ListRequest):
    """One page of the accounts: only subscribers that fit the filters are added up."""

    sort: Sort = Field(
        default="worth",
        description="`worth` (expected loss) or `risk` (of the riskiest subscriber), highest "
        "first; or `id`, the account's name",
    )
    minimum: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_INTEGER,
        description="At least this expected_loss of the account, in minor units of currency",
    )
    held_out: bool | None = Field(
        default=None,
        description="Only the control group; by default, and with false, it is left out of lists "
        "and sums",
    )
    prefix: Prefix = Field(default="", max_length=200, description="How the account's name begins")

    def list_query(self) -> ListQuery:
        """The page; without the control group unless only that is asked for."""
        filters = self.model_copy(update={"held_out": bool(self.held_out)})
        return ListQuery(filters=filters, sort=self.sort, size=self.size, after=self.cursor)


class MovesRequest(_Paged):
    """One page of the moves."""

    band: list[Band] = Field(default=[], max_length=10, description="Now in these")
    before: list[Band] = Field(default=[], max_length=10, description="The night before in these")


class ExportRequest(Filters):
    """All rows of a list."""

    format: Format = Field(default="csv", description="csv, ndjson or parquet")
    raw: bool = Field(
        default=False,
        description="In CSV, text as it is in the table. By default text that a spreadsheet would "
        "run (`=1+1`) begins with an apostrophe",
    )


class AuditRequest(_Parameters):
    """The newest entries of the audit."""

    subscriber_id: Id | None = Field(default=None, description="Only those about one subscriber")
    size: int = Field(default=100, ge=1, le=LARGEST_PAGE, description="Entries")


class ContactRequest(_Parameters):
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
