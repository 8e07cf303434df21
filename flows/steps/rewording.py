"""Reasons and actions in another language than their night was published in.

A reason keeps what was measured, so its words can be found again. They are only replaced where
the same words come out in the language of the night: whatever an older version, or other currency,
put differently stays as it was published.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        told = as_published(row, language, wished)
        if language == wished or not {language, wished} <= {*_LANGUAGES}:
            return told
        was, to = cast("Language", language), cast("Language", wished)
        texts = [_reason(reason, row["currency"], was, to) for reason in row["reasons"]]
        if None not in texts:
            reasons = zip(row["reasons"], texts, strict=True)
            told["reasons"] = [{**reason, "text": text} for reason, text in reasons]
            told["reasons_in"] = to
        before = [reason["text"] for reason in row["reasons"]]
        moved = dict(zip(before, texts, strict=True)).get(row["moved_by"])
        if moved is not None:
            told |= {"moved_by": moved, "moved_in": to}
        for action in table():
            if (action.code, getattr(action, was)) == (row["action"], row["action_text"]):
                return told | {"action_text": getattr(action, to), "action_in": to}
        return told

    return reword


def _actions(file: Path | None) -> tuple[Action, ...]:
    """The actions that nights are published with; of a table that cannot be read, none of its."""
    from perdura.models.scoring.action_table import HOLD_OUT, OWN_TABLE, BadActions, read_actions

    try:
        return (HOLD_OUT, *read_actions(file or OWN_TABLE))
    except BadActions:
        return (HOLD_OUT,)


def _reason(
    reason: Mapping[str, Any], currency: str | None, was: Language, wished: Language
) -> str | None:
    from perdura.features.catalogue import column_named
    from perdura.features.topics.phrases import say

    column = column_named(reason.get("column", ""))
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
