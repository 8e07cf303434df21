"""Cursors: the end of a page, as an opaque word from which the next page begins.

A cursor opens nothing that its bearer may not read anyway, so it is checked and not signed: a
digest over the question, the night and the position refuses a cut, mixed up or edited one.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from perdura.risk.night import Night

#: Sort key and name of a row.
Position = tuple[int | float | None, str]

_LONGEST = 4_000
_DIGEST = 12
_INT64 = 2**63


class BadCursor(ValueError):
    """It is no cursor of this question."""


class NightChanged(ValueError):
    """Another night has been published since the first page."""


def cursor(night: Night, question: Any, position: Position) -> str:
    """The word for ``position``, that of a page's last row, in answers to ``question``."""
    content = json.dumps([night.fingerprint, *position]).encode()
    return urlsafe_b64encode(_digest(content, question) + content).decode().rstrip("=")


def position_of(word: str, night: Night, question: Any) -> Position:
    """The position of a cursor.

    Raises:
        BadCursor: The word was not made by ``cursor`` for this question.
        NightChanged: It was, but of another night.
    """
    try:
        raw = urlsafe_b64decode(word[:_LONGEST].encode("ascii") + b"=" * (-len(word) % 4))
        digest, content = raw[:_DIGEST], raw[_DIGEST:]
        parts: Any = json.loads(content) if digest == _digest(content, question) else None
        fingerprint, key, name = parts
    except (ValueError, TypeError, RecursionError):  # of base64, ASCII, UTF-8, JSON; not three
        fingerprint = key = name = None
    # Any client can make up a digest, but not what a database cannot hold.
    numeric = key is None or (isinstance(key, int | float) and -_INT64 <= key < _INT64)
    if not (isinstance(fingerprint, str) and numeric and isinstance(name, str) and is_text(name)):
        raise BadCursor("the cursor was not given with a page of this question")
    if fingerprint != night.fingerprint:
        raise NightChanged(f"the night of {night.scored_on} was published since the first page")
    return key, name


def is_text(text: str) -> bool:
    """Whether every database can hold it: PostgreSQL no NUL, none half of a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _digest(content: bytes, question: Any) -> bytes:
    return sha256(repr(question).encode() + b"\0" + content).digest()[:_DIGEST]
