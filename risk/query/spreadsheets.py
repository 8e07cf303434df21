"""Text that no spreadsheet takes for a formula."""

from __future__ import annotations

#: How a cell begins that a spreadsheet would take for a formula, also after its own cleaning.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
#: Nothing else needs a closer look.
_SUSPECT = frozenset((*_FORMULAS, " "))


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it as a formula."""
    printable = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return f"'{printable}" if printable.lstrip(" ").startswith(_FORMULAS) else printable


def harmless_cell(value: object) -> object:
    """As ``harmless`` for a text, quickly; anything else as it is."""
    suspect = type(value) is str and (value[:1] in _SUSPECT or "\0" in value)
    return harmless(value) if suspect else value  # type: ignore[arg-type]
