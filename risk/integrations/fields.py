"""What a help desk is to know of somebody: band, reasons in words, what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perdura.risk.schema.tables import SCORED_STATES
from perdura.risk.schema.views import CURRENT

#: Values by field name; ``None`` clears the field.
Fields = Mapping[str, str | None]

_COLUMNS = ("subscriber_id", "band", "reasons", "action_text", "held_out")
_ROWS_AT_A_TIME = 5_000
_LEAVE_ALONE = {
    "en": "Do not contact (control group)",
    "es": "No contactar (grupo de control)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNames:
    """What the fields are called over there; one whose name is empty is not filled.

    Attributes:
        band: Gets ``high``, ``medium`` or ``low``, by which lists can be made.
        reasons: Gets the reasons, strongest first, in the night's language.
        action: Gets what to do, in words.
    """

    band: str
    reasons: str
    action: str

    def cleared(self) -> Fields:
        """What somebody gets who is at risk no more."""
        return dict.fromkeys(filter(None, (self.band, self.reasons, self.action)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How the fields are filled.

    Attributes:
        names: What the fields are called.
        language: Of what is said of the control group.
        longest: Of a text, so many characters; what is too long ends in an ellipsis.
    """

    names: FieldNames
    language: str = "en"
    longest: int = 2_000

    def of(self, row: sa.RowMapping) -> Fields:
        """What is told of somebody. In the low band, whom nobody calls, only the band is: the
        reasons of everybody change daily, and would all travel every night."""
        told = {self.names.band: row["band"], self.names.reasons: None, self.names.action: None}
        if row["held_out"]:
            told[self.names.action] = _LEAVE_ALONE[self.language]
        elif row["band"] != "low":
            told[self.names.reasons] = self._short(each["text"] for each in row["reasons"])
            told[self.names.action] = self._short([row["action_text"]])
        return {name: value for name, value in told.items() if name}

    def _short(self, texts: Iterable[str]) -> str | None:
        told = "; ".join(texts)
        return (told if len(told) <= self.longest else told[: self.longest - 1] + "…") or None


def digest(fields: Fields) -> str:
    """The same if and only if the fields are; it tells nobody what they say."""
    told = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def everybody(connection: sa.Connection, filling: Filling) -> Iterator[tuple[str, Fields]]:
    """Everybody at risk of the newest night who has not left since, and their fields, streaming."""
    streamed = connection.execution_options(yield_per=_ROWS_AT_A_TIME)
    for row in streamed.execute(_at_risk()).mappings():
        yield row["subscriber_id"], filling.of(row)


def of_these(
    connection: sa.Connection, filling: Filling, subscribers: Iterable[str]
) -> dict[str, Fields]:
    """The fields of these people; cleared for those who are at risk no more."""
    told = dict.fromkeys(subscribers, filling.names.cleared())
    rows = connection.execute(_at_risk().where(CURRENT.c.subscriber_id.in_(told))).mappings()
    return told | {row["subscriber_id"]: filling.of(row) for row in rows}


def _at_risk() -> sa.Select[Any]:
    query = sa.select(*(CURRENT.c[name] for name in _COLUMNS))
    return query.where(CURRENT.c.state.in_(SCORED_STATES))
