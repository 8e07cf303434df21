"""Tables as Fivetran and others land them: which file is which, and which column."""

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    ORGANIZATIONS,
    RATINGS,
    TICKETS,
    USERS,
    ObjectKind,
)
from perdura.sources.staged import FILE, ROW_IN_FILE


@dataclass(frozen=True, slots=True)
class ZendeskTable:
    """One landed table.

    Attributes:
        name: How it is called; ``zendesk_`` before it and ``_data`` or a number after it are no
            part of the name.
        kind: What its rows are.
        columns: Of the kind's columns those that the table has, and its own names for each: the
            first that is there is taken.
    """

    name: str
    kind: ObjectKind
    columns: dict[str, tuple[str, ...]]


TICKET = ZendeskTable(
    "ticket",
    TICKETS,
    {
        "ticket_id": ("id",),
        "created_at": ("created_at",),
        "updated_at": ("updated_at",),
        "version": ("updated_at",),
        "status": ("status",),
        "requester_id": ("requester_id",),
        "submitter_id": ("submitter_id",),
        "organization_id": ("organization_id",),
        "channel": ("via_channel",),
        "merged_ids": ("merged_ticket_ids",),
        "is_gone": ("_fivetran_deleted",),
        "gone_at": ("_fivetran_synced",),
    },
)
FIELD_HISTORY = ZendeskTable(
    "ticket_field_history",
    CHANGES,
    {
        "ticket_id": ("ticket_id",),
        "at": ("updated",),
        "field": ("field_name",),
        "value": ("value",),
    },
)
COMMENT = ZendeskTable(
    "ticket_comment",
    COMMENTS,
    {
        "ticket_id": ("ticket_id",),
        "at": ("created", "created_at"),
        "user_id": ("user_id",),
        "is_public": ("public",),
    },
)
USER = ZendeskTable(
    "user",
    USERS,
    {
        "user_id": ("id",),
        "version": ("updated_at",),
        "role": ("role",),
        "email": ("email",),
        "external_id": ("external_id",),
        "organization_id": ("organization_id",),
    },
)
ORGANIZATION = ZendeskTable(
    "organization",
    ORGANIZATIONS,
    {"organization_id": ("id",), "version": ("updated_at",), "external_id": ("external_id",)},
)
RATING = ZendeskTable(
    "satisfaction_rating",
    RATINGS,
    {"ticket_id": ("ticket_id",), "at": ("updated_at", "created_at"), "score": ("score",)},
)
LANDED_TABLES = (TICKET, FIELD_HISTORY, COMMENT, USER, ORGANIZATION, RATING)

_ENDINGS = (".csv", ".tsv", ".parquet")


def files_of(folder: Path, table: str) -> list[Path]:
    """The files of a landed table, or all in a folder of its name, in the order of their names."""
    named = re.compile(rf"(?:zendesk_)?{table}(?:_data)?(?:[-_.]\d+)*", re.IGNORECASE)
    found = [path for path in sorted(folder.iterdir()) if named.fullmatch(path.stem)]
    inside = [file for path in found if path.is_dir() for file in sorted(path.iterdir())]
    return [file for file in [*found, *inside] if file.suffix.lower() in _ENDINGS]


def scan(path: Path, shown: str) -> pl.LazyFrame:
    """A table's rows, texts as they stand, with ``FILE`` and ``ROW_IN_FILE``."""
    if path.suffix.lower() == ".parquet":
        frame = pl.scan_parquet(path, glob=False, row_index_name=ROW_IN_FILE, row_index_offset=1)
    else:
        frame = pl.scan_csv(
            path,
            glob=False,
            separator="\t" if path.suffix.lower() == ".tsv" else ",",
            infer_schema=False,
            encoding="utf8-lossy",
            truncate_ragged_lines=True,
            row_index_name=ROW_IN_FILE,
            row_index_offset=1,
        )
    return frame.with_columns(pl.lit(shown).alias(FILE))


def with_columns(path: Path, shown: str, *names: str) -> pl.LazyFrame:
    """A table's rows with these of its columns.

    Raises:
        Unavailable: One of them is missing.
    """
    frame = scan(path, shown)
    has = frame.collect_schema().names()
    for name in names:
        if name not in has:
            raise _missing(name, has, shown)
    return frame.select(*names, FILE, ROW_IN_FILE)


def rows_of(table: ZendeskTable, frame: pl.LazyFrame, shown: str) -> pl.LazyFrame:
    """The rows of a landed table under the kind's names, not yet read.

    Raises:
        Unavailable: A column is missing without which its rows say nothing.
    """
    has = frame.collect_schema().names()
    taken = {
        name: next((one for one in theirs if one in has), None)
        for name, theirs in table.columns.items()
    }
    for name in table.kind.required:
        if taken.get(name) is None:
            raise _missing(table.columns[name][0], has, shown)
    return frame.select(
        *(
            (pl.lit(None) if (own := taken.get(name)) is None else pl.col(own)).alias(name)
            for name in table.kind.columns
        ),
        FILE,
        ROW_IN_FILE,
    )


def _missing(name: str, has: list[str], shown: str) -> Unavailable:
    own = ", ".join(column for column in has if column not in {FILE, ROW_IN_FILE})
    return Unavailable(
        f"{shown} has no column {name!r}; it has {own}. If it was renamed, give it this name in "
        "the export"
    )
