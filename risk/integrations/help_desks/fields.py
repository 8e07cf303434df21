"""The fields of a subscriber in a help desk: band, reasons in words, what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from perdura.risk.schema.tables import SCORED_STATES
from perdura.risk.schema.views import CURRENT

#: Values by field name; ``None`` clears the field.
Fields = Mapping[str, str | None]

_COLUMNS = ("subscriber_id", "band", "reasons", "action_text", "held_out")
_AT_RISK = sa.select(*(CURRENT.c[name] for name in _COLUMNS)).where(
    CURRENT.c.state.in_(SCORED_STATES)
)
_ROWS_AT_A_TIME = 5_000
_LEAVE_ALONE = {
    "en": "Do not contact (control group)",
    "es": "No contactar (grupo de control)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNames:
    """Names of the fields in the help desk; a field with an empty name is not filled.

    Attributes:
        band: Gets ``high``, ``medium`` or ``low``, by which lists can be made.
        reasons: Gets the reasons, strongest first, in the night's language.
        action: Gets what to do, in words.
    """

    band: str
    reasons: str
    action: str

    def cleared(self) -> Fields:
        """The fields of a subscriber who is no longer at risk."""
        return dict.fromkeys(filter(None, (self.band, self.reasons, self.action)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How the fields are filled.

    Attributes:
        names: Of the fields.
        language: Of the words for the control group.
        longest: Characters of a text; a longer one ends in an ellipsis.
    """

    names: FieldNames
    language: str = "en"
    longest: int = 2_000

    def fields(self, row: sa.RowMapping) -> Fields:
        """The fields of a row. In the low band, which is not called, the band alone: reasons change
        daily, and those of the whole night would be sent every day."""
        fields = {self.names.band: row["band"], self.names.reasons: None, self.names.action: None}
        if row["held_out"]:
            fields[self.names.action] = _LEAVE_ALONE[self.language]
        elif row["band"] != "low":
            fields[self.names.reasons] = self._short(reason["text"] for reason in row["reasons"])
            fields[self.names.action] = self._short([row["action_text"]])
        return {name: value for name, value in fields.items() if name}

    def _short(self, texts: Iterable[str]) -> str | None:
        text = "; ".join(texts)
        return (text if len(text) <= self.longest else text[: self.longest - 1] + "…") or None


def digest(fields: Fields) -> str:
    """The same if and only if the fields are; the fields cannot be read from it."""
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def fields_at_risk(connection: sa.Connection, filling: Filling) -> Iterator[tuple[str, Fields]]:
    """Subscribers of the newest night who are still at risk, and their fields, streaming."""
    streamed = connection.execution_options(yield_per=_ROWS_AT_A_TIME)
    for row in streamed.execute(_AT_RISK).mappings():
        yield row["subscriber_id"], filling.fields(row)


def fields_of(
    connection: sa.Connection, filling: Filling, subscribers: Iterable[str]
) -> dict[str, Fields]:
    """The fields of these subscribers; cleared where they are no longer at risk."""
    found = dict.fromkeys(subscribers, filling.names.cleared())
    rows = connection.execute(_AT_RISK.where(CURRENT.c.subscriber_id.in_(found))).mappings()
    return found | {row["subscriber_id"]: filling.fields(row) for row in rows}
