"""What happened to tickets, from their state, the history of their fields, comments and ratings.

All that is known of a ticket is put in order of time. What an event says of the ticket (priority,
assignee, requester) is what its fields held at that moment, never what came later.
"""

import polars as pl

from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    MERGED,
    RATINGS,
    TICKETS,
    USERS,
    Objects,
)
from perdura.sources.connectors.zendesk.values import as_kind
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Statuses of tickets that nobody works on any more.
ENDED = ("solved", "closed", "deleted")
#: Zendesk's priorities, from the least.
PRIORITIES = ("low", "normal", "high", "urgent")

#: What a row of the time line is. Of what happened to one ticket at one moment its fields come
#: first: they say what it was when it was opened, answered or solved.
_FIELD, _OPENED, _REPLIED, _STATUS, _RATED, _STATE = range(6)
#: Fields that hold texts, and ids; what stands for one that was emptied, where null is "as before".
_TEXTS, _EMPTIED = ("status", "priority", "type"), ""
_IDS, _NONE = ("assignee_id", "requester_id", "organization_id"), 0
_BY_RATING = {"good": 5.0, "bad": 1.0}
#: Columns of a ticket that say who wrote first.
_WRITERS = ("requester_id", "submitter_id")


def ticket_events(objects: Objects, bucket: int = 0, buckets: int = 1) -> pl.LazyFrame:
    """One row per event of the tickets of a bucket.

    Columns: ``ticket_id``, ``happened_at``, ``kind`` (opened, replied, reopened, escalated,
    resolved, rated; merged and deleted where the ticket ended so), what the ticket was then
    (``priority``, ``type``, ``channel``, ``assignee_id``, ``requester_id``, ``organization_id``),
    ``hours`` of replies and resolutions, ``score`` of ratings, and the place that tells it.
    """
    own = pl.col("ticket_id") % buckets == bucket
    part = Objects({kind: rows.filter(own) if "ticket_id" in kind.columns else rows for kind, rows in objects.tables.items()})
    tickets = _tickets(part, _merged(objects))
    agents = objects.of(USERS).filter(pl.col("role").is_in(["agent", "admin"])).select("user_id").unique()
    lines = [
        _fields(part),
        _step(tickets, _OPENED, "created_at"),
        _step(_first_replies(part, tickets, agents), _REPLIED, "at", "hours"),
        _step(_ratings(part), _RATED, "at", "rating"),
        _step(_last_states(tickets), _STATE, "at", "status"),
    ]
    rows = pl.concat(lines, how="diagonal").sort("ticket_id", "at", "step", ROW_IN_FILE)
    return _told(_as_of_then(rows), tickets)


def _merged(objects: Objects) -> pl.LazyFrame:
    """The tickets that were merged into others, as they say or the others do."""
    ids = pl.col("merged_ids").str.extract_all(r"\d+")
    listed = objects.of(TICKETS).select(ids.alias("ticket_id")).explode("ticket_id")
    marked = objects.of(MERGED).select("ticket_id")
    merged = pl.concat([listed.cast(pl.Int64), marked]).drop_nulls().unique()
    return merged.with_columns(is_merged=True)


def _tickets(part: Objects, merged: pl.LazyFrame) -> pl.LazyFrame:
    """One row per ticket, as it is by now, and whether it was merged."""
    return part.latest(TICKETS).join(merged, on="ticket_id", how="left")


def _step(rows: pl.LazyFrame, step: int, at: str, *columns: str) -> pl.LazyFrame:
    kind = pl.lit(step, pl.UInt8).alias("step")
    return rows.select("ticket_id", pl.col(at).alias("at"), kind, *columns, FILE, ROW_IN_FILE)


def _fields(part: Objects) -> pl.LazyFrame:
    """What the fields of tickets were set to, each in a column of its own."""
    field, value = pl.col("field"), pl.col("value")
    step = pl.when(field == "status").then(_STATUS).when(field == "satisfaction_score").then(_RATED)
    return part.of(CHANGES).with_columns(number=as_kind(value, "id").fill_null(_NONE)).select(
        "ticket_id",
        "at",
        step.otherwise(_FIELD).cast(pl.UInt8).alias("step"),
        *(pl.when(field == name).then(value.fill_null(_EMPTIED)).alias(name) for name in _TEXTS),
        *(pl.when(field == name).then("number").alias(name) for name in _IDS),
        pl.when(field == "satisfaction_score").then(value).alias("rating"),
        FILE,
        ROW_IN_FILE,
    )  # fmt: skip


def _first_replies(part: Objects, tickets: pl.LazyFrame, agents: pl.LazyFrame) -> pl.LazyFrame:
    """The first public comment of an agent after the customer wrote, and the hours between.

    The customer wrote when the ticket was opened; in a chat, or where an agent opened the ticket,
    with the first comment of someone else. What triggers, automations and bots write is no reply.
    """
    by = agents.with_columns(is_agent=True)
    openers = by.rename({"user_id": "submitter_id", "is_agent": "is_ours"})
    comments = (
        part.of(COMMENTS)
        .filter("is_public")
        .join(tickets.select("ticket_id", "created_at", *_WRITERS), on="ticket_id")
        .join(by, on="user_id", how="left")
        .join(openers, on="submitter_id", how="left")
        .with_columns(pl.col("is_agent", "is_ours", "is_automatic", "is_chat").fill_null(value=False))
        .filter(~pl.col("is_automatic"))
        .with_columns(is_reply=pl.col("is_agent") & pl.col("user_id").ne_missing(pl.col("requester_id")))
    )
    asked = pl.col("at").filter(~pl.col("is_reply")).min().over("ticket_id")
    waits_from = pl.when(pl.any_horizontal("is_ours", "is_chat")).then(asked).otherwise("created_at")
    replies = comments.with_columns(waits_from=waits_from).filter(
        pl.col("is_reply") & (pl.col("at") > pl.col("waits_from"))
    )
    first = replies.select(
        "ticket_id",
        pl.max_horizontal("at", "created_at").alias("at"),
        ((pl.col("at") - pl.col("waits_from")).dt.total_seconds() / 3600).alias("hours"),
        FILE,
        ROW_IN_FILE,
    )
    return first.group_by("ticket_id").agg(pl.all().sort_by("at", ROW_IN_FILE).first())


def _ratings(part: Objects) -> pl.LazyFrame:
    """Ratings of tickets whose history holds none."""
    history = part.of(CHANGES).filter(pl.col("field") == "satisfaction_score").select("ticket_id").unique()
    return part.of(RATINGS).rename({"score": "rating"}).join(history, on="ticket_id", how="anti")


def _last_states(tickets: pl.LazyFrame) -> pl.LazyFrame:
    """Tickets that ended: when the history does not say when, it was by their last update."""
    status = pl.when(pl.col("is_gone").fill_null(value=False)).then(pl.lit("deleted")).otherwise("status")
    last = pl.when("is_gone").then("gone_at").otherwise("updated_at")
    at = pl.max_horizontal(pl.coalesce(last, "updated_at", "created_at"), "created_at")
    return tickets.with_columns(status=status, at=at).filter(pl.col("status").is_in(ENDED))


def _as_of_then(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Each row with what the ticket's fields held then, and what its status and priority were before."""
    starts = pl.col("ticket_id") != pl.col("ticket_id").shift(1)
    rows = rows.with_columns(starts=starts.fill_null(value=True)).with_columns(
        set_status=pl.col("status"),
        rank=pl.col("priority").replace_strict({name: n for n, name in enumerate(PRIORITIES, 1)}, default=None, return_dtype=pl.UInt8),
        score=_score(pl.col("rating")),
    )
    kept = {**dict.fromkeys(_TEXTS, _EMPTIED), **dict.fromkeys(_IDS, _NONE), "rank": 0, "score": 0.0}
    held = (
        pl.when(pl.col("starts") & pl.col(name).is_null()).then(pl.lit(empty)).otherwise(name).forward_fill().alias(name)
        for name, empty in kept.items()
    )
    was = ("status", "rank", "score")
    return rows.with_columns(set_rank="rank", set_score="score").with_columns(held).with_columns(
        pl.when(~pl.col("starts")).then(pl.col(name).shift(1)).alias(f"{name}_before") for name in was
    )


def _score(rating: pl.Expr) -> pl.Expr:
    """1 to 5: of good and bad, with or without a comment, 5 and 1; numbers of surveys as they are."""
    word = rating.str.to_lowercase().str.extract(r"^(good|bad)")
    return word.replace_strict(_BY_RATING, default=None, return_dtype=pl.Float64).fill_null(
        rating.cast(pl.Float64, strict=False)
    )


def _told(rows: pl.LazyFrame, tickets: pl.LazyFrame) -> pl.LazyFrame:
    """The rows that tell an event."""
    step, status, before = pl.col("step"), pl.col("set_status"), pl.col("status_before").fill_null("")
    ended = status.is_in(ENDED) & ~before.is_in(ENDED)
    how = (
        pl.when(status == "deleted").then(pl.lit("deleted"))
        .when((status == "closed") & pl.col("is_merged").fill_null(value=False)).then(pl.lit("merged"))
        .otherwise(pl.lit("resolved"))
    )  # fmt: skip
    kind = (
        pl.when(step == _OPENED).then(pl.lit("opened"))
        .when(step == _REPLIED).then(pl.lit("replied"))
        .when(step.is_in([_STATUS, _STATE]) & ended).then(how)
        .when((step == _STATUS) & before.is_in(["solved", "closed"]) & ~status.is_in(ENDED)).then(pl.lit("reopened"))
        .when((step == _RATED) & (pl.col("set_score") != pl.col("score_before").fill_null(0.0))).then(pl.lit("rated"))
        .when((step == _FIELD) & (pl.col("rank_before") > 0) & (pl.col("set_rank") > pl.col("rank_before"))).then(pl.lit("escalated"))
    )  # fmt: skip
    since = (pl.col("at") - pl.col("created_at")).dt.total_seconds() / 3600
    solved = (step == _STATUS) & (pl.col("kind") == "resolved") & (since >= 0)
    state = tickets.select("ticket_id", "created_at", "channel", "is_merged", own_requester="requester_id", own_organization="organization_id")
    found = rows.join(state, on="ticket_id", how="left").with_columns(kind=kind)
    return found.filter(pl.col("kind").is_not_null()).select(
        "ticket_id",
        pl.col("at").alias("happened_at"),
        "kind",
        *(_unless(name, _EMPTIED) for name in ("priority", "type")),
        "channel",
        _unless("assignee_id", _NONE),
        _unless("requester_id", _NONE).fill_null(pl.col("own_requester")),
        _unless("organization_id", _NONE).fill_null(pl.col("own_organization")),
        pl.when(solved).then(since).when(step == _REPLIED).then("hours").alias("hours"),
        pl.when(pl.col("kind") == "rated").then("set_score").alias("score"),
        FILE,
        ROW_IN_FILE,
    )


def _unless(name: str, empty: str | int) -> pl.Expr:
    return pl.when(pl.col(name) != empty).then(name).alias(name)
