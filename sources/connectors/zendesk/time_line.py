"""All that is known of tickets in order of time, with what each ticket was at each moment."""

import polars as pl

from perdura.sources.connectors.zendesk.objects import CHANGES, MERGED, RATINGS, TICKETS, Objects
from perdura.sources.connectors.zendesk.replies import first_replies
from perdura.sources.connectors.zendesk.values import as_kind
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Statuses of tickets that are done.
ENDED = ("solved", "closed", "deleted")
#: Zendesk's priorities, from the least.
PRIORITIES = ("low", "normal", "high", "urgent")

#: What a row is, as ``step``. Of what happened to one ticket at one moment its fields come first:
#: they say what it was when it was opened, answered or solved.
FIELD, OPENED, REPLIED, STATUS, RATED, STATE = range(6)
#: Fields that hold texts, and ids; what stands for one that was emptied, where null is "as before".
TEXTS, EMPTIED = ("status", "priority", "type"), ""
IDS, NONE = ("assignee_id", "requester_id", "organization_id"), 0

_RANKS = {name: rank for rank, name in enumerate(PRIORITIES, start=1)}
_WORD = pl.col("rating").str.to_lowercase().str.extract(r"^(good|bad)")
_NUMBER = pl.col("rating").str.extract(r"^([1-5])(?:\.0+)?$").cast(pl.Float64)
#: 1 to 5: of good and bad, with or without a comment, 5 and 1; numbers of surveys as told.
_SCORE = _WORD.replace_strict(
    {"good": 5.0, "bad": 1.0}, default=None, return_dtype=pl.Float64
).fill_null(_NUMBER)


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
    rows = _as_of_then(pl.concat(lines, how="diagonal").sort(order))
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


def _as_of_then(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sorted rows with what the fields of the ticket hold by then, and held before.

    A row that sets nothing takes over what the row above has; the first row of a ticket, which has
    none above, is filled with what stands for nothing, so that no ticket takes over another's.
    """
    rank = pl.col("priority").replace_strict(_RANKS, default=None, return_dtype=pl.UInt8)
    starts = (pl.col("ticket_id") != pl.col("ticket_id").shift(1)).fill_null(value=True)
    new = rows.with_columns(
        starts=starts, new_status="status", new_rank=rank, new_score=_SCORE
    ).with_columns(rank="new_rank", score="new_score")
    nothing = {**dict.fromkeys(TEXTS, EMPTIED), **dict.fromkeys(IDS, NONE), "rank": 0, "score": 0.0}
    held = new.with_columns(
        pl.when(pl.col("starts") & pl.col(name).is_null())
        .then(pl.lit(nothing_yet))
        .otherwise(name)
        .forward_fill()
        .alias(name)
        for name, nothing_yet in nothing.items()
    )
    return held.with_columns(
        pl.when(~pl.col("starts")).then(pl.col(name).shift(1)).alias(f"{name}_before")
        for name in ("status", "rank", "score")
    )
