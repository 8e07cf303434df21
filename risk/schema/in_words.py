"""Rows of the risk table in words: phrase numbers joined with their phrases, by SQL.

A night of this version holds ``[[phrase, weight, value], ...]`` as reasons, and numbers of phrases
for actions and moves. A night of an older version holds the words themselves.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import RISK


class _ReasonsInWords(FunctionElement[Any]):
    """Reasons (first clause) of a night (second clause) as a JSON list of objects."""

    type = sa.JSON()
    inherit_cache = True


# Weight and value are kept as text: so they are joined into JSON to their last digit, by any
# version of SQLite.
_SQLITE = """CASE WHEN substr({reasons}, 1, 2) = '[[' THEN coalesce((\
SELECT '[' || group_concat('{{"signal":' || json_quote(p.signal) || ',"text":' || json_quote(p.text)
 || CASE WHEN p.column_name IS NULL THEN '' ELSE ',"column":' || json_quote(p.column_name)
 || ',"value":' || coalesce(json_extract(r.value, '$[2]'), 'null') END
 || coalesce(',"weight":' || json_extract(r.value, '$[1]'), '')
 || coalesce(',"evidence":' || p.evidence, '') || '}}', ',') || ']'
 FROM json_each({reasons}) AS r CROSS JOIN phrases AS p
 WHERE p.scored_on = {night} AND p.number = json_extract(r.value, '$[0]')
), '[]') ELSE {reasons} END"""

_POSTGRESQL = """CASE WHEN left(CAST({reasons} AS TEXT), 2) = '[[' THEN coalesce((\
SELECT CAST('[' || string_agg('{{"signal":' || to_json(p.signal) || ',"text":' || to_json(p.text)
 || coalesce(',"column":' || to_json(p.column_name)
 || ',"value":' || coalesce(r.value ->> 2, 'null'), '')
 || coalesce(',"weight":' || (r.value ->> 1), '')
 || coalesce(',"evidence":' || CAST(p.evidence AS TEXT), '') || '}}', ',' ORDER BY r.place)
 || ']' AS JSON)
 FROM json_array_elements({reasons}) WITH ORDINALITY AS r(value, place) JOIN phrases AS p
 ON p.scored_on = {night} AND p.number = CAST(r.value ->> 0 AS INTEGER)
), CAST('[]' AS JSON)) ELSE {reasons} END"""


@compiles(_ReasonsInWords, "sqlite")
@compiles(_ReasonsInWords, "postgresql")
def _written(element: _ReasonsInWords, compiler: Any, **options: Any) -> str:
    template = _POSTGRESQL if compiler.dialect.name == "postgresql" else _SQLITE
    reasons, night = (compiler.process(clause, **options) for clause in element.clauses)
    return template.format(reasons=reasons, night=night)


def _phrase(number: sa.Column[Any], otherwise: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The phrase of a number, or the words that an older version kept."""
    found = sa.select(PHRASES.c.text).where(
        PHRASES.c.scored_on == RISK.c.scored_on, PHRASES.c.number == number
    )
    words = found.correlate(RISK).scalar_subquery()
    return sa.func.coalesce(words, otherwise, type_=otherwise.type)


_IN_WORDS: dict[str, sa.ColumnElement[Any]] = {
    "reasons": _ReasonsInWords(RISK.c.reasons, RISK.c.scored_on),
    "action_text": _phrase(RISK.c.action_phrase, RISK.c.action_text),
    "moved_by": _phrase(RISK.c.moved_by_phrase, RISK.c.moved_by),
}


def in_words(name: str) -> sa.ColumnElement[Any]:
    """A column of ``RISK_COLUMNS`` as readers know it: reasons, moves and actions in words."""
    return _IN_WORDS[name].label(name) if name in _IN_WORDS else RISK.c[name]


#: All columns of ``RISK_COLUMNS`` so, in their order.
ALL_IN_WORDS = tuple(in_words(declared.name) for declared in RISK_COLUMNS)
