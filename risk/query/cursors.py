"""Where a page ended, as an opaque word from which the next page begins.

A cursor opens nothing that its bearer may not read anyway, so it is checked and not signed: a
digest over the question, the night and the place refuses what was cut, mixed up or edited.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from perdura.risk.night import Night

Place = tuple[int | float | None, str]

_LONGEST = 4_000
_DIGEST = 12
_INT64 = 2**63


class BadCursor(ValueError):
    """It is no cursor of this question."""


class NightChanged(ValueError):
    """Another night has been published since the first page."""


def cursor(night: Night, question: Any, place: Place) -> str:
    """The word for ``place``, the sort keys of a page's last row, in answers to ``question``."""
    told = json.dumps([night.fingerprint, *place]).encode()
    return urlsafe_b64encode(_digest(told, question) + told).decode().rstrip("=")


def place_of(word: str, night: Night, question: Any) -> Place:
    """The place that ``cursor`` was told.

    Raises:
        BadCursor: The word was not made by ``cursor`` for this question.
        NightChanged: It was, but of another night.
    """
    fingerprint, key, who = _told(word, question)
    if fingerprint != night.fingerprint:
        raise NightChanged(f"the night of {night.scored_on} was published since the first page")
    return key, who


def _told(word: str, question: Any) -> tuple[str, int | float | None, str]:
    try:
        raw = urlsafe_b64decode(word[:_LONGEST].encode("ascii") + b"=" * (-len(word) % 4))
        digest, told = raw[:_DIGEST], raw[_DIGEST:]
        found = json.loads(told) if digest == _digest(told, question) else None
    except (ValueError, RecursionError):  # of base64, ASCII, UTF-8 and JSON
        found = None
    if not (isinstance(found, list) and len(found) == 3 and _is_place(*found)):
        raise BadCursor("the cursor was not given with a page of this question")
    return found[0], found[1], found[2]


def _is_place(fingerprint: object, key: object, who: object) -> bool:
    """Whether a database takes it: anybody can make up a digest."""
    numeric = key is None or (isinstance(key, int | float) and -_INT64 <= key < _INT64)
    return isinstance(fingerprint, str) and numeric and isinstance(who, str) and is_text(who)


def is_text(text: str) -> bool:
    """Whether every database can hold it: PostgreSQL no NUL, none half of a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _digest(told: bytes, question: Any) -> bytes:
    return sha256(repr(question).encode() + b"\0" + told).digest()[:_DIGEST]
