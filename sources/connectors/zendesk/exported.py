"""Objects of Zendesk's API as rows of the things that it knows.

Ids and flags are read as texts, since exports write them in several ways.
"""

import polars as pl

from perdura.sources.connectors.cells import texts
from perdura.sources.connectors.zendesk.exported_events import (
    objects_of_audits,
    objects_of_events,
)
from perdura.sources.connectors.zendesk.json_files import Kept
from perdura.sources.connectors.zendesk.objects import (
    FIELDS,
    MERGED,
    ORGANIZATIONS,
    RATINGS,
    TICKETS,
    USERS,
    ObjectKind,
    Rows,
)

#: The tag that Zendesk gives to a ticket that is merged into another.
CLOSED_BY_MERGE = "closed_by_merge"


_CHILD = pl.Struct(
    {
        **texts(" ".join(FIELDS)),
        **texts("id via event_type public author_id created_at score"),
        **texts("comment_present comment_public"),
    }
)
_AUDITED = pl.Struct(texts("id via type field_name value public author_id score"))

#: What is read of each kind of object: no subject, no body, no name.
SHAPES: dict[str, dict[str, pl.DataType]] = {
    "tickets": texts(
        "id created_at updated_at generated_timestamp status requester_id submitter_id"
        " organization_id via tags"
    ),
    "users": texts("id updated_at role email external_id organization_id"),
    "organizations": texts("id updated_at external_id"),
    "ticket_events": {
        **texts("id ticket_id timestamp created_at updater_id via"),
        "child_events": pl.List(_CHILD),
    },
    "audits": {
        **texts("id ticket_id created_at author_id via"),
        "events": pl.List(_AUDITED),
    },
    "satisfaction_ratings": texts("id ticket_id created_at updated_at score"),
}


def _by(via: pl.Expr) -> pl.Expr:
    """By what a thing was made: ``via`` is a word, or an object with a channel and a relation."""
    merges = via.str.json_path_match("$.source.rel") == "merge"
    channel = pl.when(merges).then(pl.lit("merge")).otherwise(via.str.json_path_match("$.channel"))
    return pl.when(via.str.starts_with("{")).then(channel).otherwise(via.str.to_lowercase())


def _merge_tag(tags: pl.Expr) -> pl.Expr:
    """The tag of merged tickets, where it is among the tags."""
    merged = tags.str.contains(f'"{CLOSED_BY_MERGE}"', literal=True)
    return pl.when(merged).then(pl.lit(CLOSED_BY_MERGE))


#: Keys of which not all is kept: ``via`` holds addresses.
KEPT: Kept = {"via": _by, "tags": _merge_tag}


#: Kinds of objects that are things as they stand, and the columns that have another name there.
_PLAIN: dict[str, tuple[ObjectKind, dict[str, pl.Expr]]] = {
    "tickets": (
        TICKETS,
        {
            "ticket_id": pl.col("id"),
            "version": pl.coalesce("generated_timestamp", "updated_at"),
            "channel": pl.col("via"),
        },
    ),
    "users": (USERS, {"user_id": pl.col("id"), "version": pl.col("updated_at")}),
    "organizations": (
        ORGANIZATIONS,
        {"organization_id": pl.col("id"), "version": pl.col("updated_at")},
    ),
    # A rating is made when it is offered, and updated when it is given.
    "satisfaction_ratings": (RATINGS, {"at": pl.coalesce("updated_at", "created_at")}),
}


def objects_of(name: str, rows: pl.LazyFrame) -> Rows:
    """The things that exported objects of one kind tell; ``rows`` as ``SHAPES`` has them."""
    if name == "ticket_events":
        yield from objects_of_events(rows)
        return
    if name == "audits":
        yield from objects_of_audits(rows)
        return
    kind, columns = _PLAIN[name]
    if kind is RATINGS:
        rows = rows.unique("id", keep="last", maintain_order=True)
    named = rows.with_columns(**columns)
    yield kind, kind.of(named)
    if kind is TICKETS:
        yield MERGED, MERGED.of(named.filter(pl.col("tags") == CLOSED_BY_MERGE))
