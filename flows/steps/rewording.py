"""Reasons and actions of older nights in another language than they were published in.

Nights of this version know their phrases in all languages. Those of older ones keep what was
measured, so its words can be found again. They are only replaced where the same words come out in
the language of the night: what an older version, or another currency, put differently stays as it
was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from perdura.risk.desk.reword import as_published

if TYPE_CHECKING:
    from perdura.features.definition import Column, Language
    from perdura.models.scoring.action_table import Action
    from perdura.risk.desk.reword import Reword

_LANGUAGES = ("en", "es")


def rewording(actions: Path | None) -> Reword:
    """What puts rows into another language, by the catalogue of features and a table of actions."""
    # Read when the first reader wishes for it: a server starts without it.
    table = cache(lambda: _actions(actions))

    def reword(row: Mapping[str, Any], language: str, wished: str) -> dict[str, Any]:
        published = as_published(row, language, wished)
        published["reasons"] = [_with_evidence(reason) for reason in row["reasons"]]
        if language == wished or not {language, wished} <= {*_LANGUAGES}:
            return published
        was, to = cast("Language", language), cast("Language", wished)
        if published["reasons_in"] == was:
            published |= _reasons(published, was, to)
        if published["action_in"] == was:
            for action in table():
                said = action.code, getattr(action, was)
                if said == (published["action"], published["action_text"]):
                    published |= {"action_text": getattr(action, to), "action_in": to}
                    break
        return published

    return reword


def _reasons(row: Mapping[str, Any], was: Language, to: Language) -> dict[str, Any]:
    """What changes of a row: all its reasons, or none, and what moved it, if it is one of them."""
    texts = [_reason(reason, row["currency"], was, to) for reason in row["reasons"]]
    moved = dict(zip((each["text"] for each in row["reasons"]), texts, strict=True)).get(
        row["moved_by"]
    )
    changed = {} if moved is None else {"moved_by": moved, "moved_in": to}
    if None in texts:
        return changed
    reasons = zip(row["reasons"], texts, strict=True)
    return changed | {
        "reasons": [{**reason, "text": text} for reason, text in reasons],
        "reasons_in": to,
    }


def _with_evidence(reason: Mapping[str, Any]) -> Mapping[str, Any]:
    """A reason of an older version with the events behind its column, as features say today."""
    from perdura.features.catalogue import COLUMNS, column_named
    from perdura.features.evidence import evidence_of

    column = column_named(reason.get("column") or "")
    if "evidence" in reason or column is None:
        return reason
    evidence = evidence_of(column, COLUMNS)
    return reason if evidence is None else {**reason, "evidence": asdict(evidence)}


def _actions(file: Path | None) -> tuple[Action, ...]:
    """The actions that nights are published with; of a table that cannot be read, none of its."""
    from perdura.models.scoring.action_table import (
        OWN_TABLE,
        WITH_ANY_TABLE,
        BadActions,
        read_actions,
    )

    try:
        return (*WITH_ANY_TABLE, *read_actions(file or OWN_TABLE))
    except BadActions:
        return WITH_ANY_TABLE


def _reason(
    reason: Mapping[str, Any], currency: str | None, was: Language, wished: Language
) -> str | None:
    from perdura.features.catalogue import column_named
    from perdura.features.topics.phrases import say

    column = column_named(reason.get("column") or "")
    if column is None:
        return None
    value = reason.get("value")
    if value is None and column.is_category:
        value = _category(column, reason["text"], was)
    if say(column, value, was, currency) != reason["text"]:
        return None
    return say(column, value, wished, currency)


def _category(column: Column, text: str, was: Language) -> str | None:
    """The name that fills the blank of a sentence; none where it is another sentence."""
    phrases = column.feature.en if was == "en" else column.feature.es
    before, _, after = phrases.many.partition("{n}")
    if not (text.startswith(before) and text.endswith(after)):
        return None
    return text[len(before) : len(text) - len(after)] or None
