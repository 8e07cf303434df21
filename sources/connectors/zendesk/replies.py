"""The first reply of an agent to the customer of each ticket, and how long the customer waited."""

import polars as pl

from perdura.sources.connectors.zendesk.objects import COMMENTS, USERS, Objects
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Roles of those who work for the company.
AGENTS = ("agent", "admin")


def first_replies(part: Objects, tickets: pl.LazyFrame) -> pl.LazyFrame:
    """The first public comment of an agent after the customer wrote: ``at``, and ``hours`` between.

    The customer wrote when the ticket was opened; in a chat, or where an agent opened the ticket,
    with the first comment of someone else. What triggers, automations and bots write is no reply.
    """
    theirs = ("ticket_id", "created_at", "requester_id", "submitter_id")
    agents = part.latest(USERS).filter(pl.col("role").is_in(AGENTS)).select("user_id")
    comments = (
        part.of(COMMENTS)
        .filter("is_public", ~pl.col("is_automatic").fill_null(value=False))
        .join(tickets.select(theirs), on="ticket_id")
        .join(agents.with_columns(by_agent=True), on="user_id", how="left")
        .join(
            agents.select(pl.col("user_id").alias("submitter_id"), opened_by_agent=True),
            on="submitter_id",
            how="left",
        )
    )
    is_reply = pl.col("by_agent").fill_null(value=False) & pl.col("user_id").ne_missing(
        pl.col("requester_id")
    )
    asked = pl.col("at").filter(~is_reply).min().over("ticket_id")
    by_comment = pl.any_horizontal("opened_by_agent", "is_chat").fill_null(value=False)
    waits_from = pl.when(by_comment).then(asked).otherwise("created_at")
    replies = comments.with_columns(waits_from=waits_from).filter(
        is_reply, pl.col("at") > pl.col("waits_from")
    )
    waited = (pl.col("at") - pl.col("waits_from")).dt.total_seconds() / 3600
    at = pl.max_horizontal("at", "created_at").alias("at")  # a chat's ticket may be opened later
    told = replies.select("ticket_id", at, waited.alias("hours"), FILE, ROW_IN_FILE)
    return told.group_by("ticket_id").agg(pl.all().sort_by("at", FILE, ROW_IN_FILE).first())
