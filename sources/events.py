"""The event tables: one contract each. Everything that happened is a row, never updated."""

from dataclasses import dataclass, field

import polars as pl

#: Every moment in the project: UTC, microseconds.
MOMENT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventTable:
    """An append-only table with one row for each thing that happened. Equal only to itself.

    Attributes:
        name: Name of the table, of its landing folder and of its section in a mapping file.
        kinds: What can happen. Empty: any kind is allowed.
        columns: Its own columns and their types, after the four that every table has.
        required: Own columns that may not be null. The first is the id of the thing (subscription,
            ticket) that events are about: no two things of the business share one.
        not_negative: Own columns that may not be below zero.
        ranges: The least and the greatest value of own columns that have a scale.
        previous: Own columns; features may read their value before the event, as
            ``<column>_before``: that of the last event of the same ``required[0]``.
        thing: The own column that names what an event is about, if there is one. Of rows of one
            subscriber, thing, kind and moment the one known last counts (``sources.versions``).
        default_kind: What happened where a mapping says nothing else.
        is_steady: Whether rows come every day where they come at all, so that a source that has
            fallen silent is noticed; merges and contacts may be rare.
    """

    name: str
    kinds: tuple[str, ...]
    columns: dict[str, type[pl.DataType]]
    required: tuple[str, ...] = field(default=())
    not_negative: tuple[str, ...] = field(default=())
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    previous: tuple[str, ...] = field(default=())
    thing: str | None = None
    default_kind: str | None = None
    is_steady: bool = False

    @property
    def schema(self) -> pl.Schema:
        """All columns in their order: who, when, when known, what, and the table's own."""
        return pl.Schema(
            {
                #: Who it happened to.
                "subscriber_id": pl.String(),
                #: Places the event in a window.
                "happened_at": MOMENT,
                #: When we could first have read it, never before it happened. Decides use.
                "known_at": MOMENT,
                "kind": pl.String(),
                **{name: kind() for name, kind in self.columns.items()},
            }
        )


SUBSCRIPTIONS = EventTable(
    name="subscriptions",
    kinds=(
        "trial_started",
        "started",
        "plan_changed",
        "paused",
        "resumed",
        "cancel_scheduled",
        "cancel_withdrawn",
        "ended",
    ),
    columns={
        "subscription_id": pl.String,
        "plan": pl.String,
        #: Months that are billed at once; a week or a day is its true part of one (``periods``).
        "interval_months": pl.Float64,
        "quantity": pl.Int32,
        #: Minor units a month after this event: recurring only, after discount, before tax.
        "mrr": pl.Int64,
        "currency": pl.String,
        #: Why it ended: voluntary, payment, other, unknown; or what it was inferred from
        #: (``sources.inferred``).
        "reason": pl.String,
        #: Country of the subscriber, ISO 3166-1 alpha-2, where the source has it.
        "country": pl.String,
    },
    required=("subscription_id",),
    not_negative=("mrr", "quantity", "interval_months"),
    previous=("plan", "mrr", "quantity", "currency"),
    thing="subscription_id",
    is_steady=True,
)

PAYMENTS = EventTable(
    name="payments",
    kinds=("invoiced", "paid", "failed", "refunded", "disputed", "written_off"),
    columns={
        "payment_id": pl.String,
        "invoice_id": pl.String,
        #: Minor units of ``currency``.
        "amount": pl.Int64,
        "currency": pl.String,
        "method": pl.String,
        "failure_code": pl.String,
    },
    not_negative=("amount",),
    thing="payment_id",
    is_steady=True,
)

TICKETS = EventTable(
    name="tickets",
    kinds=("opened", "replied", "reopened", "escalated", "resolved", "rated"),
    columns={
        "ticket_id": pl.String,
        "priority": pl.String,
        "channel": pl.String,
        "topic": pl.String,
        #: Hours since the ticket was opened: to the first reply, to resolution.
        "hours": pl.Float64,
        #: Satisfaction (CSAT), 1 to 5.
        "score": pl.Float64,
    },
    required=("ticket_id",),
    not_negative=("hours",),
    ranges={"score": (1, 5)},
    thing="ticket_id",
    is_steady=True,
)

USAGE = EventTable(
    name="usage",
    kinds=(),
    columns={"quantity": pl.Float64},
    not_negative=("quantity",),
    is_steady=True,
)

CONTACTS = EventTable(
    name="contacts",
    # ``listed`` and ``held_out``: their turn to be called came, and the lot said yes, or no.
    kinds=("contacted", "offered", "held_out", "listed"),
    columns={"action": pl.String, "by": pl.String},
)

#: Attributes that were true of a subscriber from a moment on: a segment, a channel, the account of
#: a company with several users.
SUBSCRIBERS = EventTable(
    name="subscribers",
    kinds=(),
    columns={
        #: Which attribute.
        "name": pl.String,
        #: What it is from then on; null: no longer known.
        "value": pl.String,
    },
    required=("name",),
    thing="name",
    default_kind="set",
)

#: Accounts that turned out to be the same: ``subscriber_id`` lives on in ``merged_into``.
MERGES = EventTable(
    name="merges",
    kinds=("merged",),
    columns={"merged_into": pl.String},
    required=("merged_into",),
    default_kind="merged",
)

EVENT_TABLES = (SUBSCRIPTIONS, PAYMENTS, TICKETS, USAGE, CONTACTS, SUBSCRIBERS, MERGES)
