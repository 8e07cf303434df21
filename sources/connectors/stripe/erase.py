"""Subscribers out of what was fetched from Stripe: their customers, and all that is theirs.

A line becomes as many blanks: all others stay where they were. A list that was being read is
dropped, and read again by the next extract.
"""

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from perdura.json_values import as_object
from perdura.sources.connectors.stripe.api.lines import (
    blank_lines,
    files_in,
    kind_of,
    names_one,
    read_lines,
    spelt_ids,
)
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS
from perdura.sources.landing.files import move_into_place
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.tombstones import record_erasure

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
    counts = {
        file: sum(1 for line in read_lines(file) if names_one(line, theirs))
        for file in files_in(folder)
    }
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
    files = sorted(
        files_in(folder), key=lambda file: (kind_of(file) in _OWNING, kind_of(file) in _PEOPLE)
    )
    for file in files:
        if any(names_one(line, theirs) for line in read_lines(file)):
            move_into_place(file, lambda draft, file=file: blank_lines(file, draft, theirs))


def _customers(folder: Path, landing: Landing, accounts: Sequence[str]) -> set[str]:
    """The customers who are one of the subscribers: by their own id, e-mail or metadata, or by
    objects of theirs that landed under the subscriber's id.
    """
    ids = {*accounts} | _landed(landing, accounts)
    spelt, found = spelt_ids(ids), {one for one in accounts if one.startswith("cus_")}
    for file in files_in(folder):
        for line in read_lines(file):
            if not names_one(line, spelt):
                continue
            about = _about(line)
            named = [about[key] for key in _KEYS if about.get(key) is not None]
            named += as_object(about.get("metadata")).values()
            if not ids.isdisjoint(map(str, named)):
                own = about.get("id") if kind_of(file) in _PEOPLE else about.get("customer")
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
    found = as_object(json.loads(line))
    return as_object(as_object(found.get("data")).get("object")) or found


def _theirs(folder: Path, customers: Collection[str]) -> frozenset[bytes]:
    """The ids of customers, and of what is theirs and others name."""
    spelt = spelt_ids(customers)
    owned = {
        str(own)
        for file in (files_in(folder, _OWNING) if spelt else ())
        for line in read_lines(file)
        if names_one(line, spelt)
        for own in map(_about(line).get, ("id", "payment_intent"))
        if own
    }
    return spelt | spelt_ids(owned)
