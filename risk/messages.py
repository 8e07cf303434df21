"""Texts in the reader's language: gettext catalogues in ``locale`` beside the code that says them.

Each message has a short name; blanks stand in {braces}; plurals follow the rules of the language.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel.numbers import format_decimal

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of one room.

    Attributes:
        folder: Of the catalogues, ``<language>/LC_MESSAGES/<name>.po``.
        name: Of their files.
    """

    folder: Path
    name: str

    def path_of(self, language: str) -> Path:
        """The file that translators edit."""
        return self.folder / language / "LC_MESSAGES" / f"{self.name}.po"

    def catalogue(self, language: str) -> NullTranslations:
        """The messages in a language; one that it lacks raises a ``KeyError``.

        Compiled once per process, when the first is read: commands that say none do not pay.
        """
        return _compiled(self.path_of(language), language)

    def say(self, language: str, key: str, /, **blanks: object) -> str:
        """The message of a key, with its blanks filled."""
        return self.catalogue(language).gettext(key).format(**blanks)

    def count(self, language: str, key: str, n: int, /, **blanks: object) -> str:
        """The message of a key in the plural form of ``n``, which fills the blank ``{n}``."""
        message = self.catalogue(language).ngettext(key, key, n)
        return message.format(n=format_decimal(n, locale=language), **blanks)


@cache
def _compiled(file: Path, language: str) -> NullTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with file.open("rb") as po:
        write_mo(compiled, read_po(po, locale=language))
    compiled.seek(0)
    translations = GNUTranslations(compiled)
    translations.add_fallback(_Missing(file))
    return translations


class _Missing(NullTranslations):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def gettext(self, message: str) -> str:
        raise KeyError(f"no message {message!r} in {self._file.name} ({self._file.parts[-3]})")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002
        return self.gettext(msgid1)
