"""Texts of a night in the reader's language, where they can be put into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Given a row of ``risk_current``, the language that its texts are in and the one that is wished
#: for: the row, with ``reasons_in``, ``action_in`` and ``moved_in``, the languages that they are in
#: now.
Reword = Callable[[Mapping[str, Any], str, str], dict[str, Any]]


def as_published(row: Mapping[str, Any], language: str, _wished: str) -> dict[str, Any]:
    """The row as it is: what nobody can tell in another language stays in the night's."""
    return {**row, "reasons_in": language, "action_in": language, "moved_in": language}
