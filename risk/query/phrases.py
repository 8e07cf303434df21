"""What rows of a night say, with all that its phrases hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.schema.all_tables import columns_of
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import RISK

_AT_A_TIME = 500  # phrases that one question names

#: A reason: signal, column_name, text, value, translations and evidence (JSON text).
Reason = dict[str, Any]
#: subscriber_id, reasons, action_phrase and moved_by_phrase of a row, as they are kept.
Kept: TypeAlias = "sa.Row[Any]"


def reasons_in_full(
    connection: sa.Connection, scored_on: date, ids: Sequence[str]
) -> dict[str, list[Reason]]:
    """The reasons of some subscribers of a night, of this version or of an older one."""
    query = sa.select(RISK.c.subscriber_id, RISK.c.reasons).where(
        RISK.c.scored_on == scored_on, RISK.c.subscriber_id.in_(ids)
    )
    rows = {row.subscriber_id: row.reasons for row in connection.execute(query)}
    numbers = {number for reasons in rows.values() for number in _of_reasons(reasons)}
    phrases = phrases_of(connection, scored_on, numbers)
    return {
        subscriber_id: [_in_full(reason, phrases) for reason in reasons]
        for subscriber_id, reasons in rows.items()
    }


def phrases_of(
    connection: sa.Connection, scored_on: date, numbers: Iterable[int]
) -> dict[int, sa.RowMapping]:
    """Phrases of a night by their numbers: rows of ``PHRASES``."""
    known = sorted({*numbers})
    found: dict[int, sa.RowMapping] = {}
    for first in range(0, len(known), _AT_A_TIME):
        some = PHRASES.c.number.in_(known[first : first + _AT_A_TIME])
        query = sa.select(PHRASES).where(PHRASES.c.scored_on == scored_on, some)
        found |= {row["number"]: row for row in connection.execute(query).mappings()}
    return found


def in_language(
    connection: sa.Connection, night: Night, rows: Sequence[Mapping[str, Any]], language: str
) -> list[dict[str, Any]]:
    """Rows of ``risk_current`` or ``risk_moves`` in a language, as far as their night knows it.

    Returns:
        The rows, in order, with ``reasons_in``, ``action_in`` and ``moved_in``: the languages that
        their texts are in. Reasons are in one language, all of a row or none.
    """
    published = dict.fromkeys(("reasons_in", "action_in", "moved_in"), night.language)
    if language == night.language or not rows or not columns_of(connection, PHRASES):
        return [{**row, **published} for row in rows]
    c, ids = RISK.c, [row["subscriber_id"] for row in rows]
    query = _KEPT.where(c.scored_on == night.scored_on, c.subscriber_id.in_(ids))
    kept = {row.subscriber_id: row for row in connection.execute(query)}
    phrases = phrases_of(connection, night.scored_on, _numbers(kept.values()))
    known: dict[int, Mapping[str, str]] = {
        number: phrase["translations"] or {} for number, phrase in phrases.items()
    }
    words = {number: texts.get(language) for number, texts in known.items()}
    return [
        {**row, **published, **_translated(row, kept[row["subscriber_id"]], words, language)}
        for row in rows
    ]


_KEPT: sa.Select[Any] = sa.select(
    *(RISK.c[name] for name in ("subscriber_id", "reasons", "action_phrase", "moved_by_phrase"))
)


def _numbers(kept: Iterable[Kept]) -> set[int]:
    """All phrases that rows of ``reasons``, ``action_phrase`` and ``moved_by_phrase`` refer to."""
    numbers = {
        number
        for row in kept
        for number in (row.action_phrase, row.moved_by_phrase, *_of_reasons(row.reasons))
    }
    return numbers - {None}


def _of_reasons(reasons: Sequence[Any]) -> list[int]:
    return [reason[0] for reason in reasons if is_coded(reason)]


def _translated(
    row: Mapping[str, Any], kept: Kept, words: Mapping[int, str | None], language: str
) -> dict[str, Any]:
    """What changes of a row."""
    changed: dict[str, Any] = {}
    reasons, texts = row.get("reasons"), [words[number] for number in _of_reasons(kept.reasons)]
    if reasons is not None and len(reasons) == len(texts) and None not in texts:
        pairs = zip(reasons, texts, strict=True)
        changed["reasons"] = [{**reason, "text": text} for reason, text in pairs]
        changed["reasons_in"] = language
    if (text := words.get(kept.action_phrase)) is not None:
        changed |= {"action_text": text, "action_in": language}
    if (text := words.get(kept.moved_by_phrase)) is not None:
        changed |= {"moved_by": text, "moved_in": language}
    return changed


def said_by_these_alone(
    connection: sa.Connection, scored_on: date, these: sa.ColumnElement[bool]
) -> list[int]:
    """Numbers of phrases that rows of a night say for which ``these`` holds, and no other row."""
    c = RISK.c
    night = c.scored_on == scored_on
    query = _KEPT.where(night, these)
    said = _numbers(connection.execute(query))
    others = sa.select(c.rank).where(night, ~these)
    position = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
    alone: list[int] = []
    for number in sorted(said):
        says = sa.or_(
            position(sa.cast(c.reasons, sa.Text), f"[{number},") > 0,
            c.action_phrase == number,
            c.moved_by_phrase == number,
        )
        if connection.execute(others.where(says).limit(1)).first() is None:
            alone.append(number)
    return alone


def is_coded(reason: Any) -> bool:
    """Whether a kept reason is ``[phrase, weight, value]``, and not of an older version."""
    return isinstance(reason, list)


def _in_full(reason: Any, phrases: Mapping[int, sa.RowMapping]) -> Reason:
    if not is_coded(reason):
        plain = {name: reason.get(name) for name in ("signal", "text", "value")}
        return plain | {
            "column_name": reason.get("column"),
            "translations": None,
            "evidence": None,
        }
    number, _, value = reason
    phrase = phrases[number]
    return {
        **{name: phrase[name] for name in ("signal", "column_name", "text")},
        "value": None if value is None else float(value),
        **{name: _json(phrase[name]) for name in ("translations", "evidence")},
    }


def _json(value: Any) -> str | None:
    """As scores give it: the same object is the same text."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
