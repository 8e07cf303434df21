"""The tables that support tools read. The comments on the columns are the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

METADATA = sa.MetaData()

#: Only these are scored: nobody can lose a trial, or somebody who has already cancelled.
SCORED_STATES = ("active", "past_due")

BANDS = ("high", "medium", "low")

#: What support is advised to do.
ADVICE = ("save", "offer", "leave_alone")

#: So many of the riskiest of a night are found by an index.
INDEXED_RANKS = 100_000


class Utc(sa.TypeDecorator[datetime]):
    """A moment, kept without its zone in UTC, given and returned with it."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """The moment in UTC, without zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """The moment with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


def column(
    name: str, kind: Any, comment: str, *, nullable: bool = False, key: bool = False
) -> sa.Column[Any]:
    """A column; what its comment says is the contract."""
    return sa.Column(name, kind, comment=comment, nullable=nullable, primary_key=key)


def one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    """The rule that a column holds one of these."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _horizon_days() -> sa.Column[Any]:
    what = "The risk is of leaving within so many days; null: of an older version"
    return column("horizon_days", sa.Integer, what, nullable=True)


def _trial() -> sa.Column[Any]:
    what = "Scored by a model version that was refused: to look at, not to act on; null: of an "
    return column("trial", sa.Boolean, f"{what}older version, which had no trials", nullable=True)


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
    _horizon_days(),
    _trial(),
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
    column("scored_on", sa.Date, "Nothing known from this day on (UTC) was used", key=True),
    column("subscriber_id", sa.Text, "Who", key=True),
    column("rank", sa.Integer, "1 is the riskiest of the night; equals by subscriber_id"),
    column(
        "call_rank",
        sa.Integer,
        "1 is whose call is worth most; equals by rank; of older versions: the rank, or null",
        nullable=True,
    ),
    column("state", sa.Text, "active or past_due: nobody else is scored"),
    column("risk", sa.Float, "Calibrated, 0 to 1, of leaving within horizon_days"),
    column("risk_voluntary", sa.Float, "Its part by choice; the two parts add up to risk"),
    column("risk_payment", sa.Float, "Its part by payment failure"),
    column("band", sa.Text, "high, medium or low"),
    column("mrr", sa.BigInteger, "Minor units a month; null is unknown", nullable=True),
    column("currency", sa.Text, "Of mrr and expected_loss, ISO 4217", nullable=True),
    column(
        "expected_loss",
        sa.BigInteger,
        "Minor units a month: risk x mrr, rounded half even; null where mrr is",
        nullable=True,
    ),
    column("reasons", sa.JSON, "JSON list of at most 4 {signal, text, ...}, strongest first"),
    column("action", sa.Text, "What to do, as a code"),
    column("action_text", sa.Text, "What to do, in words"),
    # Columns that came later are null in nights published before: ``schema.all_tables`` adds them.
    column(
        "offer",
        sa.Float,
        "Calibrated, 0 to 1, of paying more by choice within 60 days; null: no offer is to be made",
        nullable=True,
    ),
    column("advice", sa.Text, "save, offer or leave_alone", nullable=True),
    *(
        column(
            f"survival_{months}m",
            sa.Float,
            f"Of being there still in {months} months, 0 to 1; null: the model does not know",
            nullable=True,
        )
        for months in (3, 6, 12)
    ),
    column("lifetime_months", sa.Float, "Expected months still to come, capped", nullable=True),
    column(
        "cltv",
        sa.BigInteger,
        "Minor units of value_currency: discounted margin still expected, at today's mrr",
        nullable=True,
    ),
    column("cltv_low", sa.BigInteger, "Of 10 in 100 such people it will be less", nullable=True),
    column("cltv_high", sa.BigInteger, "Of 10 in 100 such people it will be more", nullable=True),
    column(
        "expected_lifetime_loss",
        sa.BigInteger,
        "Minor units of value_currency: risk x the margin to come of somebody who stays",
        nullable=True,
    ),
    column(
        "value_currency", sa.Text, "Of cltv and expected_lifetime_loss, ISO 4217", nullable=True
    ),
    column(
        "held_out",
        sa.Boolean,
        "In the control group of the quarter: not to be contacted; null: there is none",
        nullable=True,
    ),
    column("band_before", sa.Text, "Band the night before, where scored", nullable=True),
    column("risk_before", sa.Float, "Risk the night before, where scored", nullable=True),
    column(
        "moved_by",
        sa.Text,
        "Where the band moved: the reason that came (up) or went (down), in words",
        nullable=True,
    ),
    column("country", sa.Text, "ISO 3166-1 alpha-2, where known", nullable=True),
    column("plan", sa.Text, "Plan, where known; its first 200 characters", nullable=True),
    column(
        "account",
        sa.Text,
        "Company that several subscribers belong to, where known; its first 200 characters",
        nullable=True,
    ),
    column(
        "unknown_values",
        sa.Text,
        "Columns whose text the model has never seen and took as unknown, by name, e.g. "
        "plan, currency; null: none",
        nullable=True,
    ),
    _horizon_days(),
    _trial(),
    column("model_version", sa.Text, "Registry version of the model that scored it"),
    column("valid_until", Utc, "From here on (UTC) the score is stale"),
    column("degraded", sa.JSON, "Sources that were missing or stale, a JSON list; [] is none"),
    sa.CheckConstraint("risk BETWEEN 0 AND 1", name="risk_is_a_probability"),
    sa.CheckConstraint("mrr >= 0", name="mrr_not_negative"),
    one_of("state", SCORED_STATES),
    one_of("band", BANDS),
    sa.CheckConstraint("offer BETWEEN 0 AND 1", name="offer_is_a_probability"),
    one_of("advice", ADVICE),
    one_of("band_before", BANDS),
    # The riskiest are read by night and rank. Ranks come in no order, so an index of all of them
    # took half of publishing; whoever reads a whole night can put it in order. A subscriber is
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
    # Those to whom something is to be offered are few, and found by it.
    sa.Index(
        "likeliest_to_accept",
        "scored_on",
        "offer",
        sqlite_where=sa.text("advice = 'offer'"),
        postgresql_where=sa.text("advice = 'offer'"),
    ),
    comment="One row per night and subscriber; past nights stay",
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
