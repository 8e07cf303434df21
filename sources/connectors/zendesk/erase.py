"""Subscribers out of what was fetched from Zendesk: their users, and all about their tickets.

A subscriber's users are those who asked, by the events that have landed under the subscriber's id,
and those with the id, or the e-mail, that is erased. So it has to come before landed events go.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from perdura.sources.connectors.zendesk.account.store import ABOUT, Store
from perdura.sources.connectors.zendesk.exports import exported_objects
from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    ORGANIZATIONS,
    TICKETS,
    USERS,
    Objects,
)
from perdura.sources.connectors.zendesk.replies import AGENTS
from perdura.sources.connectors.zendesk.ticket_events import ticket_events
from perdura.sources.events import TICKETS as TICKET_EVENTS
from perdura.sources.landing.landing import Landing
from perdura.sources.row_count import count_rows

_LINE = "line"


@dataclass(frozen=True, slots=True)
class _Found:
    """Users, tickets and organizations of the subscribers, by their numbers as text."""

    users: frozenset[str]
    tickets: frozenset[str]
    organizations: frozenset[str]


def fetched_about(
    folder: Path, landing: Landing, accounts: Sequence[str], scratch: Path
) -> dict[Path, int]:
    """How many objects of each file of a store are about the subscribers; without those that are 0.

    Args:
        folder: The store.
        landing: Where events of tickets have landed.
        accounts: The ids of the subscribers, or e-mails of theirs.
        scratch: An empty folder to work in.
    """
    files = Store.files_in(folder)
    found = _of(files, landing.table(TICKET_EVENTS), accounts, scratch)
    counts = {file: count_rows(_lines(file, _about(name, found))) for name, file in files.items()}
    return {file: count for file, count in counts.items() if count}


def erase_fetched(
    folder: Path, landing: Landing, accounts: Sequence[str], scratch: Path, day: date
) -> None:
    """Write the files of a store anew without what ``fetched_about`` finds, all or none of them.

    What the API says of these users and tickets from now on is kept no more.
    """
    store = Store(folder)
    found = _of(store.files, landing.table(TICKET_EVENTS), accounts, scratch)
    store.forget(found.users, found.tickets, day)
    store.rewrite({name: _lines(file, ~_about(name, found)) for name, file in store.files.items()})


def _of(
    files: Mapping[str, Path], landed: pl.LazyFrame, accounts: Sequence[str], scratch: Path
) -> _Found:
    objects = exported_objects([*files.values()], scratch, lambda file: file.name)
    organizations = _ids(
        objects.of(ORGANIZATIONS).filter(pl.col("external_id").is_in(accounts)), "organization_id"
    )
    users = _users(objects, landed, accounts, organizations)
    asked = pl.concat(
        [
            objects.of(TICKETS).filter(pl.col("requester_id").is_in(users)).select("ticket_id"),
            objects.of(CHANGES)
            .filter(field="requester_id")
            .filter(pl.col("value").is_in([str(user) for user in users]))
            .select("ticket_id"),
        ]
    )
    tickets = {*_ids(asked, "ticket_id"), *_landed_tickets(landed, accounts)["ticket_id"]}
    return _Found(*(frozenset(map(str, ids)) for ids in (users, tickets, organizations)))


def _users(
    objects: Objects, landed: pl.LazyFrame, accounts: Sequence[str], organizations: Collection[int]
) -> list[int]:
    """Who asked under the subscribers' ids, has one of them, or is of one of the organizations."""
    events = _landed_tickets(landed, accounts).lazy()
    own = {
        kind: rows.join(events, on="ticket_id", how="semi") if "ticket_id" in kind.columns else rows
        for kind, rows in objects.tables.items()
    }
    asked = ticket_events(Objects(own)).join(events, on=["ticket_id", "happened_at"], how="semi")
    email = pl.col("email").str.to_lowercase().is_in([one.lower() for one in accounts])
    keyed = pl.any_horizontal(
        pl.col("external_id").is_in(accounts),
        email,
        pl.col("organization_id").is_in([*organizations]),
    )
    people = objects.of(USERS).filter(~pl.col("role").is_in(AGENTS).fill_null(value=False))
    agents = {*_ids(objects.of(USERS).filter(pl.col("role").is_in(AGENTS)), "user_id")}
    return sorted({*_ids(asked, "requester_id"), *_ids(people.filter(keyed), "user_id")} - agents)


def _landed_tickets(landed: pl.LazyFrame, accounts: Sequence[str]) -> pl.DataFrame:
    """The tickets of the landed events, by their numbers, whatever the mapping put before these."""
    number = pl.col("ticket_id").str.extract(r"(\d+)$").cast(pl.Int64, strict=False)
    own = landed.filter(pl.col("subscriber_id").is_in(accounts))
    return own.select(number, "happened_at").drop_nulls().unique().collect()


def _ids(rows: pl.LazyFrame, name: str) -> list[int]:
    return rows.select(pl.col(name).drop_nulls().unique()).collect()[name].to_list()


def _lines(file: Path, where: pl.Expr) -> pl.LazyFrame:
    return pl.scan_lines(file, name=_LINE).filter(where)


def _about(name: str, found: _Found) -> pl.Expr:
    """Whether a line is about one of them. Ids are texts there, and come before all lists."""
    ids = {"user": found.users, "ticket": found.tickets}
    about = [
        pl.col(_LINE).str.extract(rf'"{key}": "(\d+)"').is_in([*ids[what]])
        for key, what in ABOUT.get(name, {}).items()
    ]
    if name == "organizations":
        about.append(pl.col(_LINE).str.extract(r'"id": "(\d+)"').is_in([*found.organizations]))
    return pl.any_horizontal(pl.lit(value=False), *about).fill_null(value=False)
