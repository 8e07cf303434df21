"""Texts of a night in the reader's language, where they can be put into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Given a row of ``risk_current``, the language of its night and that of the reader: the row, with
#: ``reasons_in``, ``action_in`` and ``moved_in``, the languages that they are in now. Where the row
#: says already that it is in the reader's language, it stays.
Reword = Callable[[Mapping[str, Any], str, str], dict[str, Any]]


def as_published(row: Mapping[str, Any], language: str, _wished: str) -> dict[str, Any]:
    """The row as it is: what is known in no other language stays in the night's."""
    return {**dict.fromkeys(("reasons_in", "action_in", "moved_in"), language), **row}
