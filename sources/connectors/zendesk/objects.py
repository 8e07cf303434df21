"""What Zendesk knows, however it was exported: one table for each kind of thing, its columns read.

Subjects, bodies, names and free text are in none of them: they are never read into memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from perdura.sources.connectors.zendesk.values import DTYPES, Kind
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE


@dataclass(frozen=True, slots=True, eq=False)
class ObjectKind:
    """One kind of thing. Equal only to itself.

    Attributes:
        name: What notes call it.
        columns: Its columns, and how each is read.
        required: Columns without which a row says nothing; it then counts as broken.
    """

    name: str
    columns: dict[str, Kind]
    required: tuple[str, ...]

    @property
    def schema(self) -> pl.Schema:
        """Its columns, and where each row stands."""
        own = {name: DTYPES[kind] for name, kind in self.columns.items()}
        return pl.Schema({**own, FILE: pl.String(), ROW_IN_FILE: pl.UInt32()})

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Its columns of some rows, null where they have none, and where each row stands."""
        has = rows.collect_schema().names()
        columns = (
            pl.col(name) if name in has else pl.lit(None, pl.String).alias(name)
            for name in self.columns
        )
        return rows.select(*columns, FILE, ROW_IN_FILE)


#: Things of several kinds, some rows of a kind at a time.
Rows = Iterator[tuple[ObjectKind, pl.LazyFrame]]

#: The latest state of each ticket.
TICKETS = ObjectKind(
    "tickets",
    {
        "ticket_id": "id",
        "created_at": "time",
        "updated_at": "time",
        #: Of several rows of one ticket the one with the latest counts.
        "version": "time",
        "status": "text",
        "requester_id": "id",
        "submitter_id": "id",
        "organization_id": "id",
        "channel": "text",
        #: Tickets that were merged into this one, as JSON.
        "merged_ids": "text",
        #: Whether what landed the table found the ticket gone, and when it had looked.
        "is_gone": "flag",
        "gone_at": "time",
    },
    ("ticket_id", "created_at"),
)

#: What a field of a ticket was set to, and when: the first value too.
CHANGES = ObjectKind(
    "changes",
    {"ticket_id": "id", "at": "time", "field": "text", "value": "text"},
    ("ticket_id", "at", "field"),
)

#: The fields that tell events by their changes, or who and what an event is about.
FIELDS = (
    "status",
    "priority",
    "type",
    "assignee_id",
    "requester_id",
    "organization_id",
    "satisfaction_score",
)

#: Tickets that were closed because they were merged into others.
MERGED = ObjectKind("merged tickets", {"ticket_id": "id"}, ("ticket_id",))

#: Who wrote when; messages of chats among them.
COMMENTS = ObjectKind(
    "comments",
    {
        "ticket_id": "id",
        "at": "time",
        "user_id": "id",
        "is_public": "flag",
        #: Written by a trigger, an automation or a bot.
        "is_automatic": "flag",
        #: A message of a chat, which may come before its ticket is opened.
        "is_chat": "flag",
    },
    ("ticket_id", "at"),
)

USERS = ObjectKind(
    "users",
    {
        "user_id": "id",
        "version": "time",
        "role": "text",
        "email": "text",
        "external_id": "text",
        "organization_id": "id",
    },
    ("user_id",),
)

ORGANIZATIONS = ObjectKind(
    "organizations",
    {"organization_id": "id", "version": "time", "external_id": "text"},
    ("organization_id",),
)

RATINGS = ObjectKind(
    "satisfaction ratings",
    {"ticket_id": "id", "at": "time", "score": "text"},
    ("ticket_id", "at"),
)


@dataclass(frozen=True, slots=True)
class Objects:
    """An export, read.

    Attributes:
        tables: Each kind of thing that the export has, with its ``schema``.
        broken: Rows that could not be read; schema ``BROKEN_ROWS``.
        notes: How many rows of what there were, and what of them tells no event.
    """

    tables: dict[ObjectKind, pl.LazyFrame]
    broken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BROKEN_ROWS))
    notes: tuple[str, ...] = ()

    def of(self, kind: ObjectKind) -> pl.LazyFrame:
        """The things of a kind; none, where the export has none."""
        return self.tables.get(kind, pl.LazyFrame(schema=kind.schema))

    def latest(self, kind: ObjectKind) -> pl.LazyFrame:
        """The latest version of each thing of a kind that has versions."""
        (key, *_) = kind.required
        versions = self.of(kind).sort("version", FILE, ROW_IN_FILE, nulls_last=False)
        return versions.unique(key, keep="last", maintain_order=True)
