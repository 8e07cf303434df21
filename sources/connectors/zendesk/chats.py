"""Messages of chats as comments of the tickets that the chats became."""

import polars as pl

from perdura.sources.connectors.zendesk.objects import COMMENTS
from perdura.sources.staged import FILE, ROW_IN_FILE

CHAT, CHAT_EVENT = "ticket_chat", "ticket_chat_event"

#: Kinds of chat events that a person or a bot wrote.
_WRITTEN = ("ChatMessage", "ChatFileAttachment")


def chat_messages(chats: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    """The columns of ``COMMENTS`` for each message and each ticket of its chat.

    An actor is the number of a user, or ``agent:`` and the number; ``__trigger``, ``__system`` and
    actors without a number are no people.
    """
    number = pl.col("actor_id").str.extract(r"^(?:agent:)?(\d+)$")
    of = chats.select("chat_id", "ticket_id").unique()
    return (
        events.filter(pl.col("type").is_in(_WRITTEN))
        .select(
            "chat_id", pl.col("created_at").alias("at"), number.alias("user_id"), FILE, ROW_IN_FILE
        )
        .join(of, on="chat_id")
        .with_columns(is_public=True, is_automatic=pl.col("user_id").is_null(), is_chat=True)
        .select(*COMMENTS.columns, FILE, ROW_IN_FILE)
    )
