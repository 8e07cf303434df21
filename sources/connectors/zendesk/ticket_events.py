"""What happened to tickets: the rows of their time line that tell an event."""

import polars as pl

from perdura.sources.connectors.zendesk.held_fields import EMPTIED, NONE
from perdura.sources.connectors.zendesk.objects import Objects
from perdura.sources.connectors.zendesk.time_line import (
    ENDED,
    FIELD,
    OPENED,
    RATED,
    REPLIED,
    STATE,
    STATUS,
    time_line,
)
from perdura.sources.staged import FILE, ROW_IN_FILE


def ticket_events(objects: Objects, bucket: int = 0, buckets: int = 1) -> pl.LazyFrame:
    """One row per event of the tickets of a bucket: those whose id has this rest.

    What an event says of the ticket is what its fields held at that moment, never what came later.
    Columns: ``ticket_id``, ``happened_at``, ``kind`` (opened, replied, reopened, escalated,
    resolved, rated; merged and deleted where the ticket ended so), what the ticket was then
    (``priority``, ``type``, ``channel``, ``assignee_id``, ``requester_id``, ``organization_id``),
    ``hours`` of replies and of resolutions whose moment is known, ``score`` of ratings, and the
    place that tells it.
    """
    step, since_opened = pl.col("step"), pl.col("at") - pl.col("created_at")
    hours = since_opened.dt.total_seconds() / 3600
    resolved = (step == STATUS) & (pl.col("kind") == "resolved") & (hours >= 0)
    events = time_line(objects, bucket, buckets).with_columns(kind=_KIND)
    return events.filter(pl.col("kind").is_not_null()).select(
        "ticket_id",
        pl.col("at").alias("happened_at"),
        "kind",
        _unless("priority", EMPTIED),
        _unless("type", EMPTIED),
        "channel",
        _unless("assignee_id", NONE),
        _unless("requester_id", NONE).fill_null(pl.col("own_requester")),
        _unless("organization_id", NONE).fill_null(pl.col("own_organization")),
        pl.when(resolved).then(hours).when(step == REPLIED).then("hours").alias("hours"),
        pl.when(step == RATED).then("new_score").alias("score"),
        FILE,
        ROW_IN_FILE,
    )


_STATUS, _BEFORE = pl.col("new_status"), pl.col("status_before").fill_null(EMPTIED)
_STEP = pl.col("step")
_ENDS = _STEP.is_in([STATUS, STATE]) & _STATUS.is_in(ENDED) & ~_BEFORE.is_in(ENDED)
# A deleted ticket that is restored was not reopened.
_REOPENS = (_STEP == STATUS) & ~_STATUS.is_in(ENDED) & _BEFORE.is_in(["solved", "closed"])
# The first priority of a ticket says how it was judged, and raises nothing.
_RAISES = (pl.col("rank_before") > 0) & (pl.col("new_rank") > pl.col("rank_before"))
_IS_NEW = pl.col("new_score") != pl.col("score_before").fill_null(0.0)
# A merge closes a ticket, without its ever having been solved.
_IS_MERGED = (_STATUS == "closed") & pl.col("is_merged").fill_null(value=False)
#: Which event a row tells; null of one that tells none.
_KIND = (
    pl.when(_STEP == OPENED)
    .then(pl.lit("opened"))
    .when(_STEP == REPLIED)
    .then(pl.lit("replied"))
    .when(_ENDS & (_STATUS == "deleted"))
    .then(pl.lit("deleted"))
    .when(_ENDS & _IS_MERGED)
    .then(pl.lit("merged"))
    .when(_ENDS)
    .then(pl.lit("resolved"))
    .when(_REOPENS)
    .then(pl.lit("reopened"))
    .when((_STEP == RATED) & _IS_NEW)
    .then(pl.lit("rated"))
    .when((_STEP == FIELD) & _RAISES)
    .then(pl.lit("escalated"))
)


def _unless(name: str, empty: str | int) -> pl.Expr:
    return pl.when(pl.col(name) != empty).then(name).alias(name)
