"""Events and audits of tickets, as exported: what each set, who wrote, and what a merge closed."""

import polars as pl

from perdura.sources.connectors.zendesk.objects import CHANGES, COMMENTS, FIELDS, MERGED, Rows
from perdura.sources.staged import FILE, ROW_IN_FILE

_PLACE = (FILE, ROW_IN_FILE)
#: What makes comments by itself.
_AUTOMATIC = ("rule", "system", "automation", "trigger", "merge")


def objects_of_events(rows: pl.LazyFrame) -> Rows:
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


def objects_of_audits(rows: pl.LazyFrame) -> Rows:
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


def _changes(set_fields: pl.LazyFrame, rated: pl.LazyFrame) -> pl.LazyFrame:
    scores = rated.with_columns(field=pl.lit("satisfaction_score"), value=pl.col("score"))
    return pl.concat([CHANGES.of(set_fields), CHANGES.of(scores)])


def _comments(
    rows: pl.LazyFrame, *, at: pl.Expr, user_id: pl.Expr, is_public: pl.Expr
) -> pl.LazyFrame:
    how = pl.coalesce("via", "how")
    automatic = how.is_in(_AUTOMATIC) | how.str.contains("bot") | (user_id == "-1")
    told = rows.with_columns(
        at=at, user_id=user_id, is_public=is_public, is_automatic=automatic.cast(pl.String)
    )
    return COMMENTS.of(told)


def _merged(set_fields: pl.LazyFrame) -> pl.LazyFrame:
    """Tickets that a merge closed."""
    closed = (pl.col("field") == "status") & (pl.col("value") == "closed")
    return MERGED.of(set_fields.filter(closed & (pl.col("how") == "merge")))
