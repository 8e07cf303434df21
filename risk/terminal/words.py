"""The words of the terminal, and what may be written there."""

from __future__ import annotations

from pathlib import Path

from babel.numbers import format_percent

from perdura.risk.messages import Language, Messages

TERMINAL = Messages(Path(__file__).parent / "locale", "terminal")
_PERCENT: dict[Language, str] = {"en": "%", "es": "\N{NO-BREAK SPACE}%"}


def percent(share: float, language: Language, digits: str = "0.0") -> str:
    """A share of one, by default with a digit behind the point."""
    return format_percent(share, digits + _PERCENT[language], locale=language)


def coded(family: str, code: str, language: Language) -> str:
    """The word for a code of the table, the message ``<family>_<code>``; else the code itself."""
    try:
        return TERMINAL.say(language, f"{family}_{code}")
    except KeyError:
        return printable(code.replace("_", " "))


def printable(text: str) -> str:
    """The text, so that it can neither move the cursor nor colour the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
