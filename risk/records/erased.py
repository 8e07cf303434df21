"""Ids of erased subscribers, as keyed hashes: code that writes an id checks it here first.

A server needs no more than the database for it: the list of the home (``forgotten.json`` of the
landing) is copied here by every erasure, every night and ``perdura serve``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, cast

import sqlalchemy as sa

from perdura.risk.schema.erased import ERASED

_PSEUDONYM = "forgotten:"

# SQLite binds 32,766 values at most in one statement.
_AT_ONCE = 10_000

# Of advisory locks, beside those of ``risk.store.postgres``.
_ERASING = 0x70657264_0003


def pseudonym(id_hash: str) -> str:
    """The text in the place of an erased id where a row stays."""
    return _PSEUDONYM + id_hash


def record_erasures(connection: sa.Connection, key: bytes, days: Mapping[str, date]) -> int:
    """Write down erased ids, in a transaction of ``risk.store.connect.writing``; how many were new.

    Until it ends, other writers of ids wait.

    Args:
        connection: To the store.
        key: Of the hashes.
        days: When each hash was erased (UTC).
    """
    _lock(connection, "pg_advisory_xact_lock")
    there = recorded_erasures(connection)
    new = [
        {"id_hash": id_hash, "hash_key": key.hex(), "erased_on": day}
        for id_hash, day in days.items()
        if id_hash not in there
    ]
    if new:
        connection.execute(sa.insert(ERASED), new)
    return len(new)


def recorded_erasures(connection: sa.Connection) -> set[str]:
    """The hashes of all erased ids; none where an older version made the store."""
    if not sa.inspect(connection).has_table(ERASED.name):
        return set()
    return set(connection.scalars(sa.select(ERASED.c.id_hash)))


def erased_among(connection: sa.Connection, subscriber_ids: Iterable[str]) -> dict[str, str]:
    """The erased of these ids, each with its pseudonym.

    The answer holds until the transaction ends: an erasure waits for it.
    """
    _lock(connection, "pg_advisory_xact_lock_shared")
    keys = [
        bytes.fromhex(key) for key in connection.scalars(sa.select(ERASED.c.hash_key).distinct())
    ]
    hashes = {  # as ``sources.landing.tombstones`` hashes ids
        blake2b(id_.encode(errors="replace"), key=key, digest_size=16).hexdigest(): id_
        for id_ in set(subscriber_ids)
        for key in keys
    }
    candidates, found = list(hashes), list[str]()
    for start in range(0, len(candidates), _AT_ONCE):
        some = ERASED.c.id_hash.in_(candidates[start : start + _AT_ONCE])
        found += connection.scalars(sa.select(ERASED.c.id_hash).where(some))
    return {hashes[id_hash]: pseudonym(id_hash) for id_hash in found}


def without_erased(value: Any, erased: Mapping[str, str]) -> Any:
    """A text, or what JSON holds, with pseudonyms where a whole text is an erased id."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {name: without_erased(item, erased) for name, item in fields.items()}
    if isinstance(value, list | tuple):
        return [without_erased(item, erased) for item in cast("Sequence[Any]", value)]
    return erased.get(value, value) if isinstance(value, str) else value


def texts_in(value: Any) -> Iterable[str]:
    """Every text in what JSON holds; names of fields are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, Any]", value).values():
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in cast("Sequence[Any]", value):
            yield from texts_in(item)


def _lock(connection: sa.Connection, function: str) -> None:
    """SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(getattr(sa.func, function)(_ERASING)))
