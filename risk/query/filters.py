"""The filters of lists, each declared once: the API, the pages and MCP take theirs from here.

A new filter is a field of ``Filters`` and its test; one that the page's form shows needs its label
(``filter_<name>``) in the desk's catalogues too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from perdura.risk.query.cursors import is_text
from perdura.risk.schema.recent import STATES_KNOWN
from perdura.risk.schema.tables import BANDS, INDEXED_RANKS, SCORED_STATES
from perdura.risk.schema.views import CURRENT

Band = Literal["high", "medium", "low"]
State = Literal["trial", "active", "past_due", "paused", "leaving", "gone"]
Cause = Literal["voluntary", "payment"]

CAUSES: tuple[Cause, ...] = ("voluntary", "payment")
#: States of subscribers who can still be kept: those that the page shows by default.
STILL_HERE = ("trial", "active", "past_due", "paused")

#: What a database holds.
LARGEST_INTEGER = 2**63 - 1
#: Within the indexes, in their own words: else SQLite does not see that they hold it.
LISTED = CURRENT.c.rank <= sa.literal_column(str(INDEXED_RANKS))

_C = CURRENT.c
#: Characters of a text that an address or a request filters by.
LONGEST_WORD = 200


@dataclass(frozen=True, slots=True)
class Keeps:
    """The condition on rows of ``risk_current``, by the value of a filter that says something."""

    condition: Callable[[Any], sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPage:
    """How the page of today's list takes a filter: by one word in its address.

    Attributes:
        control: Of the page's form.
        default: The word where the address has none; the empty word leaves the filter out.
        choices: Words that an address may have; by default any text of one line.
        words: Values of words of the page's own. Other words are the value itself.
        name: Of the address's parameter; by default the filter's.
        lines: Whether a text may have several lines, as names of accounts do.
    """

    control: Literal["select", "checkbox", "hidden"] = "select"
    default: str = ""
    choices: tuple[str, ...] = ()
    words: Mapping[str, Any] = field(default_factory=dict[str, Any])
    name: str | None = None
    lines: bool = False

    @property
    def allowed(self) -> tuple[str, ...]:
        """The words that an address may have besides the empty one; none: any text."""
        own = (*self.words, *self.choices) if self.choices else ()
        return tuple(word for word in dict.fromkeys(own) if word)

    def takes(self, word: str) -> bool:
        """Whether an address may have the word."""
        whole = is_text(word) if self.lines else word.isprintable()
        known = not self.allowed or word in {"", *self.allowed}
        return whole and len(word) <= LONGEST_WORD and known

    def value(self, word: str, default: Any) -> Any:
        """The filter's value: of lists a list of one word, of checkboxes whether there is one."""
        if word in self.words:
            return self.words[word]
        if isinstance(default, list):
            return [word] if word else []
        return bool(word) if isinstance(default, bool) else word or None


@dataclass(frozen=True, slots=True)
class ForAssistants:
    """The tool ``who_should_i_call`` of MCP takes one value of the filter."""

    description: str | None = None


def storable(text: str) -> str:
    """The text, if every database can hold it; else a ``ValueError``, for pydantic."""
    if not is_text(text):
        raise ValueError("has a NUL or half a character in it, which no database holds")
    return text


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD), AfterValidator(storable)]
Texts = Annotated[list[Text], Field(max_length=50)]
Prefix = Annotated[str, AfterValidator(storable)]


def _larger_cause(cause: str) -> sa.ColumnElement[bool]:
    by_choice = _C.risk_voluntary >= _C.risk_payment
    return by_choice if cause == "voluntary" else ~by_choice


def _rose(value: bool) -> sa.ColumnElement[bool]:
    """Each way in which a band is higher than the night before, and no band there."""
    if not value:
        return sa.true()
    higher = (
        sa.and_(_C.band == band, _C.band_before.in_(BANDS[index:]))
        for index, band in enumerate(BANDS[:-1], start=1)
    )
    return sa.or_(*higher, first_seen())


def first_seen() -> sa.ColumnElement[bool]:
    """Of rows of ``risk_current``: not scored the night before; none where there was no night."""
    other = CURRENT.alias("others")
    ranked = other.c.rank <= sa.literal_column(str(INDEXED_RANKS))
    beside = sa.exists().where(ranked, other.c.band_before.is_not(None))
    return sa.and_(CURRENT.c.band_before.is_(None), beside)


def begins(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    """A range, since texts are in the order of their bytes."""
    return sa.and_(column >= prefix, column < prefix + "\U0010ffff")


class Filters(BaseModel):
    """Which subscribers of the newest night a list or an export names.

    Made by ``model_construct`` where the values are known to be sound: from the table itself, or
    checked at another door.
    """

    # A misspelt name is an error and not silence.
    model_config = ConfigDict(extra="forbid")

    band: Annotated[
        list[Band], Keeps(_C.band.in_), OnPage(default="high", choices=BANDS), ForAssistants()
    ] = Field(default=[], max_length=10, description="Of these; by default all")
    state: Annotated[
        list[State],
        Keeps(_C.state.in_),
        OnPage(default="here", choices=STATES_KNOWN, words={"here": list(STILL_HERE)}),
    ] = Field(
        default=[*SCORED_STATES],
        max_length=10,
        description="By now; by default those who can still be lost",
    )
    cause: Annotated[Cause | None, Keeps(_larger_cause), OnPage(choices=CAUSES)] = Field(
        default=None, description="The larger part of the risk"
    )
    action: Annotated[Texts, Keeps(_C.action.in_), OnPage()] = Field(
        default=[], description="What to do, as a code"
    )
    plan: Annotated[Texts, Keeps(_C.plan.in_), OnPage(), ForAssistants()] = Field(
        default=[], description="Of these; by default all"
    )
    country: Annotated[
        Texts, Keeps(_C.country.in_), OnPage(), ForAssistants("ISO 3166-1 alpha-2, e.g. ES")
    ] = Field(default=[], description="ISO 3166-1 alpha-2; by default all")
    account: Annotated[Texts, Keeps(_C.account.in_), OnPage(control="hidden", lines=True)] = Field(
        default=[], description="Of these; all of theirs are listed"
    )
    currency: Annotated[str | None, Keeps(lambda code: _C.currency == code.upper())] = Field(
        default=None, pattern="^[A-Za-z]{3}$", description="ISO 4217"
    )
    minimum: Annotated[int | None, Keeps(lambda amount: _C.expected_loss >= amount)] = Field(
        default=None,
        ge=0,
        le=LARGEST_INTEGER,
        description="At least this expected_loss, in minor units of currency",
    )
    held_out: Annotated[
        bool | None,
        Keeps(lambda only: _C.held_out.is_(True) if only else _C.held_out.is_not(True)),
        OnPage(
            control="hidden",
            choices=("control",),
            words={"": False, "control": True},
            name="group",
        ),
    ] = Field(
        default=None,
        description="Only the control group, or only the others. By default a list by worth, which "
        "is the list of contacts to make, leaves the control group out; other lists and exports "
        "have both",
    )
    new: Annotated[bool, Keeps(_rose), OnPage(control="checkbox", choices=("1",))] = Field(
        default=False,
        description="Only subscribers in a higher band than the night before, or not scored then",
    )
    prefix: Annotated[Prefix, Keeps(lambda prefix: begins(_C.subscriber_id, prefix))] = Field(
        default="", max_length=200, description="How the subscriber's id begins"
    )


def conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """What rows of ``risk_current`` must fulfil: nothing for null, an empty list or no text."""
    values = ((info, getattr(filters, name)) for name, info in Filters.model_fields.items())
    return [
        note.condition(value)
        for info, value in values
        if value is not None and value not in ([], "")
        for note in info.metadata
        if isinstance(note, Keeps)
    ]


def listed(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """What rows of ``risk_current`` must fulfil to be in a list in order of worth or risk.

    Subscribers of an account are few and found by an index of their own, whatever their rank.
    """
    return [*([] if filters.account else [LISTED]), *conditions(filters)]
