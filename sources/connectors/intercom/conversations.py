"""Conversations as events of tickets: opened, answered, closed, opened again and rated.

What a row says of a moment of its own dates the event. What it says of now (a rating, its priority)
is known since it was written.
"""

from dataclasses import dataclass

import polars as pl

from perdura.sources.staged import FILE, ROW_IN_FILE

#: How a conversation begins that the contact began.
_BEGUN = ("customer_initiated", "operator_initiated")
_OF_CONTACT = ("user", "lead", "contact")
_OPENS = ("open", "assign_and_reopen")
#: Parts that may carry a message besides what they do.
_WITH_WORDS = ("close", "open", "assignment", "assign_and_reopen", "snoozed")


@dataclass(frozen=True, slots=True)
class ConversationFrames:
    """What is told of conversations.

    Attributes:
        conversations: One row per row read: when it opened, was rated and escalated; and, where no
            part of it is known, when it was answered and closed by its statistics.
        parts: One row per part; ``kind`` is what it did, null for most.
    """

    conversations: pl.LazyFrame
    parts: pl.LazyFrame


def conversation_frames(
    conversations: pl.LazyFrame, parts: pl.LazyFrame, contacts: pl.LazyFrame, *, history: bool
) -> ConversationFrames:
    """The frames.

    Args:
        conversations: As of ``columns.CONVERSATIONS``.
        parts: As of ``columns.PARTS``.
        contacts: As of ``newest_contacts``.
        history: Whether there is a row for each state a conversation was in. Otherwise the newest
            row of each counts alone.
    """
    keyed = conversations.join(
        contacts.select("id", "external_id", "email"),
        left_on="contact_id",
        right_on="id",
        how="left",
        maintain_order="left",
    ).sort("id", "updated_at", FILE, ROW_IN_FILE)
    begun = pl.col("delivered_as").is_in(_BEGUN) | pl.col("delivered_as").is_null()
    opened = pl.when(begun).then("created_at").otherwise("first_contact_reply_at")
    rows = keyed.with_columns(opened=opened)
    newest = rows.unique("id", keep="last").select(
        pl.col("id").alias("conversation_id"),
        *("contact_id", "external_id", "email", "source_type", "opened"),
    )
    done = _done(parts, newest)
    in_parts = parts.select(pl.col("conversation_id").unique(), in_parts=pl.lit(value=True))
    joined = rows.join(
        in_parts, left_on="id", right_on="conversation_id", how="left", maintain_order="left"
    )
    return ConversationFrames(_told(joined, history=history), done)


def newest_contacts(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per contact: keys by which other systems know it, the newest of each."""
    rows = contacts.sort("updated_at", nulls_last=False)
    keys = [pl.col(name).drop_nulls().last() for name in ("external_id", "email")]
    return rows.group_by("id").agg(*keys, pl.col(FILE, ROW_IN_FILE).last()).sort("id")


def _told(rows: pl.LazyFrame, *, history: bool) -> pl.LazyFrame:
    at, place = pl.col("updated_at"), pl.int_range(pl.len()).over("id")
    counts = pl.lit(value=True) if history else place == pl.len().over("id") - 1
    first = counts & (place == 0) if history else counts
    alone = counts & pl.col("in_parts").is_null() & pl.col("opened").is_not_null()
    last = place == pl.len().over("id") - 1
    open_again = (pl.col("state") != "closed") & pl.col("last_close_at").is_not_null()
    asked = pl.col("last_contact_reply_at")
    moments = {
        "opened_at": pl.when(first).then("opened"),
        "replied_at": pl.when(alone & last).then("first_admin_reply_at"),
        "closed_at": pl.when(alone & last).then("first_close_at"),
        "closed_again_at": pl.when(
            alone & last & (pl.col("last_close_at") > pl.col("first_close_at"))
        ).then("last_close_at"),
        # That it is open again is known since the row was written.
        "reopened_at": pl.when(alone & last & open_again).then(
            pl.when((asked > pl.col("last_close_at")) & (asked <= at)).then(asked).otherwise(at)
        ),
        "rated_at": pl.when(counts & _newly(pl.col("rating").is_not_null())).then(
            at if history else pl.coalesce("rated_at", at)
        ),
        # An object does not say since when; a history does.
        "escalated_at": pl.when(_newly(pl.col("priority") == "priority")).then(at)
        if history
        else pl.lit(None, pl.Datetime("us", "UTC")),
    }
    told = rows.with_columns(moment.alias(name) for name, moment in moments.items())
    return told.select(
        pl.col("id").alias("conversation_id"),
        *("contact_id", "external_id", "email", "source_type", "state", "updated_at", "rating"),
        *moments,
        *(
            _hours(pl.col(name), pl.col("opened")).alias(f"{name.removesuffix('_at')}_hours")
            for name in ("replied_at", "closed_at", "closed_again_at")
        ),
        pl.any_horizontal(pl.col(name).is_not_null() for name in moments).alias("tells"),
        FILE,
        ROW_IN_FILE,
    )


def _newly(holds: pl.Expr) -> pl.Expr:
    holds = holds.fill_null(value=False)
    return holds & ~holds.shift().over("id").fill_null(value=False)


def _hours(moment: pl.Expr, since: pl.Expr) -> pl.Expr:
    return ((moment - since).dt.total_milliseconds() / 3_600_000).round(6)


def _done(parts: pl.LazyFrame, conversations: pl.LazyFrame) -> pl.LazyFrame:
    """Parts with what each did to its conversation."""
    rows = parts.sort("conversation_id", "created_at", "id", FILE, ROW_IN_FILE).join(
        conversations, on="conversation_id", how="left", maintain_order="left"
    )
    kind, author = pl.col("part_type"), pl.col("author_type")
    once = pl.int_range(pl.len()).over("conversation_id", "id") == 0
    since = once & (pl.col("created_at") >= pl.col("opened")).fill_null(value=False)
    human = (author == "admin") & ~pl.col("automatic").fill_null(value=False)
    words = (kind == "comment") | (kind.is_in(_WITH_WORDS) & pl.col("body"))
    answers = (since & human & words).fill_null(value=False)
    opens = kind.is_in(_OPENS) | ((kind == "comment") & author.is_in(_OF_CONTACT))
    after = pl.when(since & (kind == "close")).then(pl.lit("closed"))
    after = after.when(since & opens.fill_null(value=False)).then(pl.lit("open"))
    states = rows.with_columns(
        answers=answers & (answers.cast(pl.Int32).cum_sum().over("conversation_id") == 1),
        after=after,
    ).with_columns(
        before=pl.col("after").forward_fill().shift().over("conversation_id").fill_null("open")
    )
    turned = pl.col("after").is_not_null() & (pl.col("after") != pl.col("before"))
    return states.select(
        pl.col("id").alias("part_id"),
        "conversation_id",
        *("contact_id", "external_id", "email", "source_type"),
        "part_type",
        "author_type",
        pl.col("created_at").alias("at"),
        _hours(pl.col("created_at"), pl.col("opened")).alias("hours"),
        pl.when(pl.col("answers")).then(pl.lit("replied")).alias("answered"),
        pl.when(turned)
        .then(pl.col("after").replace_strict({"closed": "resolved", "open": "reopened"}))
        .alias("turned"),
        FILE,
        ROW_IN_FILE,
    )
