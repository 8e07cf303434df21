"""Tokens: the right to read the table through the API and the desk, or to write to it.

A token is ``perdura_ID_SECRET``: the id finds its row, the secret (256 random bits) proves it.
Only the secret's SHA-256 is kept. A slow or salted hash protects passwords, which can be guessed;
256 random bits cannot, no two are alike, and a slow hash would be paid with every request.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest

import sqlalchemy as sa

from perdura.risk.schema.access import SCOPES, TOKENS

_PREFIX = "perdura"
_LONGEST_NAME = 100


class BadToken(ValueError):
    """A token cannot be made, or revoked, as asked. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The holder of the token that a request carries."""

    token_id: str
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The public facts of a token."""

    token_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None

    def is_called(self, which: str) -> bool:
        """Whether it holds, and has this name or id."""
        return self.revoked_at is None and which in (self.name, self.token_id)


def create(
    connection: sa.Connection, name: str, scopes: Collection[str], now: datetime | None = None
) -> str:
    """A new token, in plain: it is returned here and never again.

    Raises:
        BadToken: No scope, an unknown one, no name, or one that another token bears.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise BadToken(f"a token needs scopes out of {', '.join(SCOPES)}; got {list(scopes)}")
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadToken(f"a token needs a printable name of 1 to {_LONGEST_NAME} characters")
    if any(token.is_called(name) for token in listed(connection)):
        raise BadToken(f"a token called {name!r} holds already; choose another name or revoke it")
    token_id, secret = secrets.token_hex(8), secrets.token_hex(32)
    connection.execute(
        sa.insert(TOKENS).values(
            token_id=token_id,
            name=name,
            hash=_hashed(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=now or datetime.now(UTC),
        )
    )
    return f"{_PREFIX}_{token_id}_{secret}"


def revoke(connection: sa.Connection, which: str, now: datetime | None = None) -> Token:
    """The token that is refused from now on; ``which`` is its name or its id.

    Raises:
        BadToken: No token that holds is called so.
    """
    found = next((t for t in listed(connection) if t.is_called(which)), None)
    if found is None:
        raise BadToken(f"no token that holds is called {which!r}; `perdura token list` shows them")
    revoked = replace(found, revoked_at=now or datetime.now(UTC))
    chosen = TOKENS.c.token_id == found.token_id
    connection.execute(sa.update(TOKENS).where(chosen).values(revoked_at=revoked.revoked_at))
    return revoked


def listed(connection: sa.Connection) -> list[Token]:
    """All tokens, oldest first, those that were revoked too."""
    query = sa.select(*(c for c in TOKENS.c if c.name != "hash"))
    rows = connection.execute(query.order_by(TOKENS.c.created_at, TOKENS.c.token_id))
    return [Token(**row) for row in rows.mappings()]


def holder_of(connection: sa.Connection, token: str) -> Holder | None:
    """The holder of the token; ``None`` if it is malformed, unknown, wrong or revoked.

    Its duration says nothing about the secret: the row is found by the public part, and hashes are
    compared in constant time.
    """
    prefix, _, rest = token.partition("_")
    token_id, _, secret = rest.partition("_")
    # Databases refuse some characters, which no id of ours has.
    known = token_id if token_id.isascii() and token_id.isalnum() else ""
    query = sa.select(TOKENS).where(TOKENS.c.token_id == known)
    row = connection.execute(query).mappings().first()
    same = compare_digest(_hashed(secret), row["hash"] if row else _hashed(""))
    if not (same and row) or prefix != _PREFIX or row["revoked_at"] is not None:
        return None
    return Holder(token_id=row["token_id"], name=row["name"], scopes=frozenset(row["scopes"]))


def undoes(holder: Holder) -> str | None:
    """The name of the token that logged contacts this holder may undo; ``None``: of any token."""
    return None if "admin" in holder.scopes else holder.name


def _hashed(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
