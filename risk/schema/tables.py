"""The tables that support tools read. The comments on the columns are the contract."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

from perdura.risk.schema.declare import METADATA, Utc, column, one_of
from perdura.risk.schema.risk_columns import HORIZON_DAYS, RISK_COLUMNS, TRIAL

#: Only these are scored: a trial, or a subscriber who has cancelled, cannot be lost.
SCORED_STATES = ("active", "past_due")

BANDS = ("high", "medium", "low")

#: What support is advised to do.
ADVICE = ("save", "offer", "leave_alone")

#: The riskiest of a night that are found by an index.
INDEXED_RANKS = 100_000


NIGHTS = sa.Table(
    "nights",
    METADATA,
    column("scored_on", sa.Date, "Nothing known from this day on (UTC) was used", key=True),
    column("published_at", Utc, "When the night was published (UTC)"),
    column("rows", sa.Integer, "Subscribers in it"),
    column("model_version", sa.Text, "Registry version of the model that scored it"),
    column("language", sa.Text, "Language of reasons and action_text, e.g. en"),
    column("valid_until", Utc, "From here on (UTC) the night is stale"),
    column("degraded", sa.JSON, "Sources that were missing or stale, a JSON list; [] is none"),
    column("fingerprint", sa.Text, "Digest of the content: the same night again has the same"),
    column(
        "states_as_of",
        Utc,
        "States were checked again with what was known before then (UTC); null: not yet",
        nullable=True,
    ),
    # Columns that came later are null in nights published before: ``risk.schema.all_tables`` adds
    # them.
    column("horizon_days", sa.Integer, HORIZON_DAYS, nullable=True),
    column("trial", sa.Boolean, TRIAL, nullable=True),
    comment="One row per published night",
)

#: Whatever a list is filtered by, so that an index tells who is in it.
_SIEVE = (
    "subscriber_id",
    "band",
    "state",
    "action",
    "plan",
    "country",
    "currency",
    "value_currency",
    "held_out",
    "expected_loss",
    "risk_voluntary",
    "risk_payment",
    "band_before",
)


def _listed(name: str, *order: str) -> sa.Index:
    """An index of the riskiest of each night in this order."""
    within = sa.text(f"rank <= {INDEXED_RANKS}")
    columns = dict.fromkeys(("scored_on", *order, "rank", *_SIEVE))
    return sa.Index(name, *columns, sqlite_where=within, postgresql_where=within)


RISK = sa.Table(
    "risk",
    METADATA,
    *(declared.column() for declared in RISK_COLUMNS),
    # In the table alone: readers find the words (``risk.schema.in_words``).
    column("action_phrase", sa.Integer, "Phrase of action_text; null: as in it", nullable=True),
    column("moved_by_phrase", sa.Integer, "Phrase of moved_by; null: as in it", nullable=True),
    sa.CheckConstraint("risk BETWEEN 0 AND 1", name="risk_is_a_probability"),
    sa.CheckConstraint("mrr >= 0", name="mrr_not_negative"),
    one_of("state", SCORED_STATES),
    one_of("band", BANDS),
    sa.CheckConstraint("offer BETWEEN 0 AND 1", name="offer_is_a_probability"),
    one_of("advice", ADVICE),
    one_of("band_before", BANDS),
    # The riskiest are read by night and rank. Ranks come in no order, so an index of all of them
    # took half of publishing; a reader of a whole night can put it in order. A subscriber is
    # found night by night in the primary key: an index that starts with subscriber_id would be
    # written all over its length every night, and take longer the more history there is.
    _listed("riskiest", "rank"),
    _listed("dearest", "call_rank"),
    # Those who moved (see ``risk.query.pages``).
    sa.Index(
        "moved",
        "scored_on",
        "risk",
        sqlite_where=sa.text("band_before != band"),
        postgresql_where=sa.text("band_before != band"),
    ),
    # Sums by account read nothing else. Where subscribers have none it stays empty.
    sa.Index(
        "by_account",
        *dict.fromkeys(("scored_on", "account", *_SIEVE, "mrr", "risk")),
        sqlite_where=sa.text("account IS NOT NULL"),
        postgresql_where=sa.text("account IS NOT NULL"),
    ),
    # Subscribers to offer an upgrade are few, and found by it.
    sa.Index(
        "likeliest_to_accept",
        "scored_on",
        "offer",
        sqlite_where=sa.text("advice = 'offer'"),
        postgresql_where=sa.text("advice = 'offer'"),
    ),
    comment="One row per night and subscriber; past nights stay. Read a view: reasons and actions "
    "are numbers of phrases here",
    postgresql_partition_by="RANGE (scored_on)",
)


@compiles(CreateColumn, "sqlite")
def _keep_comment(element: CreateColumn, compiler: Any, **options: Any) -> str | None:
    """SQLite keeps the text of CREATE TABLE and nothing else, so the comment goes there."""
    text = compiler.visit_create_column(element, **options)
    column = element.element
    if text is None or column.table.metadata is not METADATA or not column.comment:
        return text
    return f"{text} /* {column.comment} */"


@compiles(CreateColumn, "postgresql")
def _compare_bytes(element: CreateColumn, compiler: Any, **options: Any) -> str | None:
    """Texts are in the order of SQLite: that of PostgreSQL hangs on where it was installed."""
    text = compiler.visit_create_column(element, **options)
    if text is None or not isinstance(element.element.type, sa.Text):
        return text
    return text.replace(" TEXT", ' TEXT COLLATE "C"', 1)


#: Characters: no database indexes texts of any length. Names of sources are cut, codes refused.
LONGEST_KEY = 200
