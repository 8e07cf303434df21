"""All that is known of tickets in order of time, with what each ticket was at each moment."""

import polars as pl

from perdura.sources.connectors.zendesk.held_fields import EMPTIED, IDS, NONE, TEXTS, as_of_then
from perdura.sources.connectors.zendesk.objects import CHANGES, MERGED, RATINGS, TICKETS, Objects
from perdura.sources.connectors.zendesk.replies import first_replies
from perdura.sources.connectors.zendesk.values import as_kind
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Statuses of tickets that are done.
ENDED = ("solved", "closed", "deleted")
#: What a row is, as ``step``. Of what happened to one ticket at one moment its fields come first:
#: they say what it was when it was opened, answered or solved.
FIELD, OPENED, REPLIED, STATUS, RATED, STATE = range(6)


def time_line(objects: Objects, bucket: int, buckets: int) -> pl.LazyFrame:
    """One row for each change, opening, first reply, rating and end of the tickets of a bucket.

    Columns: ``ticket_id``, ``at``, ``step``; what the row sets (``new_status``, ``new_rank`` of
    the priority, ``new_score``, ``hours`` of a reply); what the ticket was then (``TEXTS``,
    ``IDS``, emptied or not); what it was before (``status_before``, ``rank_before``,
    ``score_before``; null in its first row); what it is by now (``created_at``, ``channel``,
    ``is_merged``, ``own_requester``, ``own_organization``); and the place that tells it.
    """
    own = pl.col("ticket_id") % buckets == bucket
    part = Objects(
        {
            kind: rows.filter(own) if "ticket_id" in kind.columns else rows
            for kind, rows in objects.tables.items()
        }
    )
    tickets = part.latest(TICKETS).join(_merged(objects), on="ticket_id", how="left")
    lines = [
        _fields(part),
        _step(tickets, OPENED, "created_at"),
        _step(first_replies(part, tickets), REPLIED, "at", "hours"),
        _step(_ratings(part), RATED, "at", "rating"),
        _step(_ends(tickets), STATE, "at", "status"),
    ]
    order = ("ticket_id", "at", "step", FILE, ROW_IN_FILE)
    rows = as_of_then(pl.concat(lines, how="diagonal").sort(order))
    now = tickets.select(
        "ticket_id",
        "created_at",
        "channel",
        "is_merged",
        pl.col("requester_id").alias("own_requester"),
        pl.col("organization_id").alias("own_organization"),
    )
    return rows.join(now, on="ticket_id", how="left")


def _merged(objects: Objects) -> pl.LazyFrame:
    """The tickets that were merged into others, as they say or the others do."""
    ids = pl.col("merged_ids").str.extract_all(r"\d+")
    listed = objects.of(TICKETS).select(ids.alias("ticket_id")).explode("ticket_id")
    marked = objects.of(MERGED).select("ticket_id")
    merged = pl.concat([listed.cast(pl.Int64), marked]).drop_nulls().unique()
    return merged.with_columns(is_merged=True)


def _step(rows: pl.LazyFrame, step: int, at: str, *columns: str) -> pl.LazyFrame:
    kind = pl.lit(step, pl.UInt8).alias("step")
    return rows.select("ticket_id", pl.col(at).alias("at"), kind, *columns, FILE, ROW_IN_FILE)


def _fields(part: Objects) -> pl.LazyFrame:
    """What the fields of tickets were set to, each in a column of its own."""
    field, value = pl.col("field"), pl.col("value")
    step = pl.when(field == "status").then(STATUS).when(field == "satisfaction_score").then(RATED)
    number = as_kind(value, "id").fill_null(NONE)
    texts = {name: value.fill_null(EMPTIED) for name in TEXTS} | {"status": value}  # never emptied
    return (
        part.of(CHANGES)
        .with_columns(number=number)
        .select(
            "ticket_id",
            "at",
            step.otherwise(FIELD).cast(pl.UInt8).alias("step"),
            *(pl.when(field == name).then(text).alias(name) for name, text in texts.items()),
            *(pl.when(field == name).then("number").alias(name) for name in IDS),
            pl.when(field == "satisfaction_score").then(value).alias("rating"),
            FILE,
            ROW_IN_FILE,
        )
    )


def _ratings(part: Objects) -> pl.LazyFrame:
    """Ratings of tickets without any in their history."""
    told = part.of(CHANGES).filter(pl.col("field") == "satisfaction_score").select("ticket_id")
    return part.of(RATINGS).rename({"score": "rating"}).join(told, on="ticket_id", how="anti")


def _ends(tickets: pl.LazyFrame) -> pl.LazyFrame:
    """Tickets that have ended, when they were last updated: by then at the latest."""
    gone = pl.col("is_gone").fill_null(value=False)
    last = pl.when(gone).then("gone_at").otherwise("updated_at")
    return tickets.with_columns(
        pl.when(gone).then(pl.lit("deleted")).otherwise("status").alias("status"),
        pl.max_horizontal(last, "created_at").alias("at"),
    ).filter(pl.col("status").is_in(ENDED))
