"""Objects of Zendesk's API as rows of the things that it knows.

Ids and flags are read as texts, since exports write them in several ways.
"""

from collections.abc import Iterator

import polars as pl

from perdura.sources.connectors.zendesk.json_files import Kept
from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    FIELDS,
    MERGED,
    ORGANIZATIONS,
    RATINGS,
    TICKETS,
    USERS,
    ObjectKind,
)
from perdura.sources.staged import FILE, ROW_IN_FILE

Rows = Iterator[tuple[ObjectKind, pl.LazyFrame]]
_TEXT = pl.String()
_PLACE = (FILE, ROW_IN_FILE)


#: The tag that Zendesk gives to a ticket that is merged into another.
CLOSED_BY_MERGE = "closed_by_merge"
#: What makes comments by itself.
_AUTOMATIC = ("rule", "system", "automation", "trigger", "merge")


def _texts(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, _TEXT)


_CHILD = pl.Struct(
    _texts(*FIELDS, "id", "via", "event_type", "public", "author_id", "created_at", "score")
    | _texts("comment_present", "comment_public")
)
_AUDITED = pl.Struct(
    _texts("id", "via", "type", "field_name", "value", "public", "author_id", "score")
)

#: What is read of each kind of object: no subject, no body, no name.
SHAPES: dict[str, dict[str, pl.DataType]] = {
    "tickets": _texts(
        "id",
        "created_at",
        "updated_at",
        "generated_timestamp",
        "status",
        "requester_id",
        "submitter_id",
        "organization_id",
        "via",
        "tags",
    ),
    "users": _texts("id", "updated_at", "role", "email", "external_id", "organization_id"),
    "organizations": _texts("id", "updated_at", "external_id"),
    "ticket_events": {
        **_texts("id", "ticket_id", "timestamp", "created_at", "updater_id", "via"),
        "child_events": pl.List(_CHILD),
    },
    "audits": {
        **_texts("id", "ticket_id", "created_at", "author_id", "via"),
        "events": pl.List(_AUDITED),
    },
    "satisfaction_ratings": _texts("id", "ticket_id", "created_at", "updated_at", "score"),
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


def objects_of(name: str, rows: pl.LazyFrame) -> Rows:
    """The things that exported objects of one kind tell; ``rows`` as ``SHAPES`` has them."""
    yield from _READERS[name](rows)


def _tickets(rows: pl.LazyFrame) -> Rows:
    named = rows.with_columns(
        pl.col("id").alias("ticket_id"),
        pl.coalesce("generated_timestamp", "updated_at").alias("version"),
        pl.col("via").alias("channel"),
    )
    yield TICKETS, _as(TICKETS, named)
    yield MERGED, _as(MERGED, named.filter(pl.col("tags") == CLOSED_BY_MERGE))


def _users(rows: pl.LazyFrame) -> Rows:
    yield USERS, _as(USERS, rows.rename({"id": "user_id", "updated_at": "version"}))


def _organizations(rows: pl.LazyFrame) -> Rows:
    named = rows.rename({"id": "organization_id", "updated_at": "version"})
    yield ORGANIZATIONS, _as(ORGANIZATIONS, named)


def _ratings(rows: pl.LazyFrame) -> Rows:
    """A rating is made when it is offered, and updated when it is given."""
    last = rows.unique("id", keep="last", maintain_order=True)
    yield RATINGS, _as(RATINGS, last.with_columns(at=pl.coalesce("updated_at", "created_at")))


def _ticket_events(rows: pl.LazyFrame) -> Rows:
    """Each child event holds the field that it sets under its own name, or says of a comment."""
    events = rows.unique("id", keep="last", maintain_order=True).with_columns(
        at=pl.coalesce("timestamp", "created_at"), how=pl.col("via")
    )
    child = events.select("ticket_id", "at", "how", "updater_id", "child_events", *_PLACE)
    child = child.explode("child_events").unnest("child_events", separator=".")
    child = child.rename(lambda name: name.removeprefix("child_events."))
    kind = pl.col("event_type")
    rated = child.filter(kind == "SatisfactionRating")
    set_fields = child.filter(kind.is_in(["Create", "Change"])).unpivot(
        FIELDS, index=["ticket_id", "at", "how", *_PLACE], variable_name="field"
    )
    yield CHANGES, _changes(set_fields.drop_nulls("value"), rated)
    written = kind == "Comment"
    yield (
        COMMENTS,
        _comments(
            child.filter(written | (pl.col("comment_present") == "true")),
            at=pl.when(written).then(pl.coalesce("created_at", "at")).otherwise("at"),
            user_id=pl.when(written).then("author_id").otherwise("updater_id"),
            is_public=pl.when(written).then("public").otherwise("comment_public"),
        ),
    )
    yield MERGED, _merged(set_fields)


def _audits(rows: pl.LazyFrame) -> Rows:
    """Each event names the field that it sets."""
    audits = rows.unique("id", keep="last", maintain_order=True).with_columns(how=pl.col("via"))
    event = audits.select(
        "ticket_id",
        pl.col("created_at").alias("at"),
        "how",
        pl.col("author_id").alias("updater_id"),
        "events",
        *_PLACE,
    )
    event = event.explode("events").unnest("events", separator=".")
    event = event.rename(lambda name: name.removeprefix("events."))
    kind = pl.col("type")
    set_fields = event.filter(kind.is_in(["Create", "Change"])).rename({"field_name": "field"})
    yield CHANGES, _changes(set_fields, event.filter(kind == "SatisfactionRating"))
    yield (
        COMMENTS,
        _comments(
            event.filter(kind == "Comment"),
            at=pl.col("at"),
            user_id=pl.coalesce("author_id", "updater_id"),
            is_public=pl.col("public"),
        ),
    )
    yield MERGED, _merged(set_fields)


_READERS = {
    "tickets": _tickets,
    "users": _users,
    "organizations": _organizations,
    "satisfaction_ratings": _ratings,
    "ticket_events": _ticket_events,
    "audits": _audits,
}


def _as(kind: ObjectKind, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The kind's columns of the rows; null where they have none."""
    has = rows.collect_schema().names()
    columns = (
        pl.col(name) if name in has else pl.lit(None, pl.String).alias(name)
        for name in kind.columns
    )
    return rows.select(*columns, *_PLACE)


def _changes(set_fields: pl.LazyFrame, rated: pl.LazyFrame) -> pl.LazyFrame:
    scores = rated.with_columns(field=pl.lit("satisfaction_score"), value=pl.col("score"))
    return pl.concat([_as(CHANGES, set_fields), _as(CHANGES, scores)])


def _comments(
    rows: pl.LazyFrame, *, at: pl.Expr, user_id: pl.Expr, is_public: pl.Expr
) -> pl.LazyFrame:
    how = pl.coalesce("via", "how")
    automatic = how.is_in(_AUTOMATIC) | how.str.contains("bot") | (user_id == "-1")
    told = rows.with_columns(
        at=at, user_id=user_id, is_public=is_public, is_automatic=automatic.cast(pl.String)
    )
    return _as(COMMENTS, told)


def _merged(set_fields: pl.LazyFrame) -> pl.LazyFrame:
    """Tickets that a merge closed."""
    closed = (pl.col("field") == "status") & (pl.col("value") == "closed")
    return _as(MERGED, set_fields.filter(closed & (pl.col("how") == "merge")))
