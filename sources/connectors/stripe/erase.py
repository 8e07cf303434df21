"""Subscribers out of what was fetched from Stripe: their customers, and all that is theirs.

A line becomes as many blanks: all others stay where they were. A list that was being read is
dropped, and read again by the next extract.
"""

import json
import re
import shutil
from collections.abc import Collection, Generator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import polars as pl

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS
from perdura.sources.landing.files import move_into_place
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.tombstones import record_erasure

_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_KEYS = ("id", "customer", "email")
#: What belongs to these names no customer, but them.
_OWNING = ("invoices", "charges")
_PEOPLE = ("customers",)


def fetched_about(
    folder: Path,
    landing: Landing,
    accounts: Sequence[str],
    scratch: Path,  # noqa: ARG001
) -> dict[Path, int]:
    """How many objects of each file of a store are about the subscribers; without those that are 0.

    Args:
        folder: The store.
        landing: Where events of theirs lie, and name their objects.
        accounts: The ids of the subscribers.
        scratch: Not needed.
    """
    theirs = _theirs(folder, _customers(folder, landing, accounts))
    counts = {file: sum(1 for line in _lines(file) if _names(line, theirs)) for file in _in(folder)}
    return {file: count for file, count in counts.items() if count}


def erase_fetched(
    folder: Path,
    landing: Landing,
    accounts: Sequence[str],
    scratch: Path,  # noqa: ARG001
    day: date,
) -> None:
    """Blank what ``fetched_about`` finds, customers last; what the API says of these customers from
    now on is kept no more.
    """
    customers = _customers(folder, landing, accounts)
    record_erasure(folder, {*accounts, *customers}, day)
    shutil.rmtree(folder / "unfinished", ignore_errors=True)
    theirs = _theirs(folder, customers)
    files = sorted(_in(folder), key=lambda file: (_is_of(file, _OWNING), _is_of(file, _PEOPLE)))
    for file in files:
        if any(_names(line, theirs) for line in _lines(file)):
            move_into_place(file, lambda draft, file=file: _write_without(file, draft, theirs))


def _in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def _is_of(file: Path, kinds: Collection[str]) -> bool:
    return file.name.partition("-")[0] in kinds


def _lines(file: Path) -> Generator[bytes]:
    with file.open("rb") as lines:
        yield from lines


def _spelt(names: Collection[str]) -> frozenset[bytes]:
    """Ids as JSON spells them."""
    return frozenset(json.dumps(name)[1:-1].encode() for name in names)


def _names(line: bytes, spelt: frozenset[bytes]) -> bool:
    return not spelt.isdisjoint(_TEXT.findall(line))


def _customers(folder: Path, landing: Landing, accounts: Sequence[str]) -> set[str]:
    """The customers who are one of the subscribers: by their own id, e-mail or metadata, or by
    objects of theirs that landed under the subscriber's id.
    """
    ids = {*accounts} | _landed(landing, accounts)
    spelt, found = _spelt(ids), {one for one in accounts if one.startswith("cus_")}
    for file in _in(folder):
        for line in _lines(file):
            if _names(line, spelt) and not ids.isdisjoint(_ids(about := _about(line))):
                own = about.get("id") if _is_of(file, _PEOPLE) else about.get("customer")
                found |= {own} if isinstance(own, str) else set()
    return found


def _landed(landing: Landing, accounts: Sequence[str]) -> set[str]:
    """The objects that landed events of the subscribers are about."""
    found: set[str] = set()
    named = {PAYMENTS: ("payment_id", "invoice_id"), SUBSCRIPTIONS: ("subscription_id",)}
    for table, columns in named.items():
        own = landing.table(table).filter(pl.col("subscriber_id").is_in([*accounts]))
        rows = own.select(columns).unique().collect()
        found |= {str(one) for name in columns for one in rows[name].drop_nulls()}
    return found


def _about(line: bytes) -> Mapping[str, Any]:
    """The object of a line, or that an event is about."""
    found = _object(json.loads(line))
    return _object(_object(found.get("data")).get("object")) or found


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _ids(about: Mapping[str, Any]) -> Generator[str]:
    yield from (str(about[key]) for key in _KEYS if about.get(key) is not None)
    yield from map(str, _object(about.get("metadata")).values())


def _theirs(folder: Path, customers: Collection[str]) -> frozenset[bytes]:
    """The ids of customers, and of what is theirs and others name."""
    spelt = _spelt(customers)
    owned = {
        str(own)
        for file in _in(folder)
        if _is_of(file, _OWNING) and spelt
        for line in _lines(file)
        if _names(line, spelt)
        for own in map(_about(line).get, ("id", "payment_intent"))
        if own
    }
    return spelt | _spelt(owned)


def _write_without(file: Path, draft: Path, theirs: frozenset[bytes]) -> None:
    with draft.open("wb") as written:
        for line in _lines(file):
            written.write(b" " * (len(line) - 1) + b"\n" if _names(line, theirs) else line)
