"""The columns of the risk table: one declaration each, from which everything else is made.

Schema, views, the checks of what is published, the shapes and the example of the API, exports and
the answers of MCP follow from it: a new column is an entry here, a migration that calls
``all_tables.complete``, and a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from perdura.risk.schema.declare import Utc, column


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskColumn:
    """A column of the risk table.

    Attributes:
        name: As in the table, its views, the API and exports.
        kind: SQLAlchemy's type.
        meaning: The contract, as the comment of the column and in the API's document.
        nullable: Whether it may be unknown, or is of older nights.
        key: Whether it is part of the primary key.
        given: Whether scores have to hold it, or may; ``None``: publishing adds it.
        rule: ``probability``: in [0, 1]; ``amount``: whole minor units, not below 0.
        cut: Whether a text is cut to ``LONGEST_KEY`` characters where it comes in.
        assistant: Whether answers to assistants (MCP) about one subscriber have it.
        example: In the API's document.
    """

    name: str
    kind: Any
    meaning: str
    nullable: bool = False
    key: bool = False
    given: Literal["required", "optional"] | None = None
    rule: Literal["probability", "amount"] | None = None
    cut: bool = False
    assistant: bool = False
    example: Any = None

    def column(self) -> sa.Column[Any]:
        """As a column of a table of SQLAlchemy's; a new one each time."""
        return column(self.name, self.kind, self.meaning, nullable=self.nullable, key=self.key)


#: Of nights and of their rows.
HORIZON_DAYS = "The risk is of leaving within these days; null: of an older version"
TRIAL = (
    "Scored by a model version that was refused: to look at, not to act on; null: of an older "
    "version, which had no trials"
)


def _survival(months: int, example: float) -> RiskColumn:
    return RiskColumn(
        name=f"survival_{months}m",
        kind=sa.Float,
        meaning=f"Of being there still in {months} months, 0 to 1; null: the model does not know",
        nullable=True,
        given="optional",
        rule="probability",
        example=example,
    )


# Columns that came later are null in nights published before: ``all_tables`` adds them.
RISK_COLUMNS = (
    RiskColumn(
        name="scored_on",
        kind=sa.Date,
        meaning="Nothing known from this day on (UTC) was used",
        key=True,
        example="2026-11-27",
    ),
    RiskColumn(
        name="subscriber_id",
        kind=sa.Text,
        meaning="Who",
        key=True,
        given="required",
        assistant=True,
        example="sub_0042",
    ),
    RiskColumn(
        name="rank",
        kind=sa.Integer,
        meaning="1 is the riskiest of the night; equals by subscriber_id",
        assistant=True,
        example=3,
    ),
    RiskColumn(
        name="call_rank",
        kind=sa.Integer,
        meaning=("1: a call is worth most; equals by rank; of older versions: the rank, or null"),
        nullable=True,
        example=1,
    ),
    RiskColumn(
        name="state",
        kind=sa.Text,
        meaning="active or past_due: no other state is scored",
        given="required",
        example="past_due",
    ),
    RiskColumn(
        name="risk",
        kind=sa.Float,
        meaning="Calibrated, 0 to 1, of leaving within horizon_days",
        given="required",
        rule="probability",
        assistant=True,
        example=0.41,
    ),
    RiskColumn(
        name="risk_voluntary",
        kind=sa.Float,
        meaning="Its part by choice; the two parts add up to risk",
        given="required",
        rule="probability",
        assistant=True,
        example=0.29,
    ),
    RiskColumn(
        name="risk_payment",
        kind=sa.Float,
        meaning="Its part by payment failure",
        given="required",
        rule="probability",
        assistant=True,
        example=0.12,
    ),
    RiskColumn(
        name="band",
        kind=sa.Text,
        meaning="high, medium or low",
        assistant=True,
        example="high",
    ),
    RiskColumn(
        name="mrr",
        kind=sa.BigInteger,
        meaning="Minor units a month; null is unknown",
        nullable=True,
        given="required",
        assistant=True,
        example=4900,
    ),
    RiskColumn(
        name="currency",
        kind=sa.Text,
        meaning="Of mrr and expected_loss, ISO 4217",
        nullable=True,
        given="required",
        assistant=True,
        example="EUR",
    ),
    RiskColumn(
        name="expected_loss",
        kind=sa.BigInteger,
        meaning="Minor units a month: risk x mrr, rounded half even; null where mrr is",
        nullable=True,
        assistant=True,
        example=2009,
    ),
    RiskColumn(
        name="reasons",
        kind=sa.JSON,
        meaning="JSON list of at most 4 {signal, text, column, value, weight, evidence}, strongest "
        "first",
        given="required",
        assistant=True,
        example=[{"signal": "payment_failures", "text": "2 payments failed in the last 30 days"}],
    ),
    RiskColumn(
        name="action",
        kind=sa.Text,
        meaning="What to do, as a code",
        given="required",
        assistant=True,
        example="update_payment_method",
    ),
    RiskColumn(
        name="action_text",
        kind=sa.Text,
        meaning="What to do, in words",
        given="required",
        assistant=True,
        example="Send a link to update the payment method, and hold the account open meanwhile",
    ),
    RiskColumn(
        name="offer",
        kind=sa.Float,
        meaning=(
            "Calibrated, 0 to 1, of paying more by choice within 60 days; null: no "
            "offer is to be made"
        ),
        nullable=True,
        given="optional",
        rule="probability",
        example=0.04,
    ),
    RiskColumn(
        name="advice",
        kind=sa.Text,
        meaning="save, offer or leave_alone",
        nullable=True,
        given="optional",
        assistant=True,
        example="save",
    ),
    _survival(3, 0.38),
    _survival(6, 0.29),
    _survival(12, 0.2),
    RiskColumn(
        name="lifetime_months",
        kind=sa.Float,
        meaning="Expected months still to come, capped",
        nullable=True,
        given="optional",
        example=5.5,
    ),
    RiskColumn(
        name="cltv",
        kind=sa.BigInteger,
        meaning="Minor units of value_currency: discounted margin still expected, at today's mrr",
        nullable=True,
        given="optional",
        rule="amount",
        example=20100,
    ),
    RiskColumn(
        name="cltv_low",
        kind=sa.BigInteger,
        meaning="Of 10 in 100 such people it will be less",
        nullable=True,
        given="optional",
        rule="amount",
        example=3900,
    ),
    RiskColumn(
        name="cltv_high",
        kind=sa.BigInteger,
        meaning="Of 10 in 100 such people it will be more",
        nullable=True,
        given="optional",
        rule="amount",
        example=66400,
    ),
    RiskColumn(
        name="expected_lifetime_loss",
        kind=sa.BigInteger,
        meaning="Minor units of value_currency: risk x the margin to come of one who stays",
        nullable=True,
        given="optional",
        rule="amount",
        example=17700,
    ),
    RiskColumn(
        name="value_currency",
        kind=sa.Text,
        meaning="Of cltv and expected_lifetime_loss, ISO 4217",
        nullable=True,
        given="optional",
        example="EUR",
    ),
    RiskColumn(
        name="held_out",
        kind=sa.Boolean,
        meaning="In the control group of the quarter: not to be contacted; null: there is none",
        nullable=True,
        given="optional",
        assistant=True,
        example=False,
    ),
    RiskColumn(
        name="band_before",
        kind=sa.Text,
        meaning="Band the night before, where scored",
        nullable=True,
        example="medium",
    ),
    RiskColumn(
        name="risk_before",
        kind=sa.Float,
        meaning="Risk the night before, where scored",
        nullable=True,
        example=0.22,
    ),
    RiskColumn(
        name="moved_by",
        kind=sa.Text,
        meaning="Where the band moved: the reason that came (up) or went (down), in words",
        nullable=True,
        example="2 payments failed in the last 30 days",
    ),
    RiskColumn(
        name="country",
        kind=sa.Text,
        meaning="ISO 3166-1 alpha-2, where known",
        nullable=True,
        given="optional",
        cut=True,
        assistant=True,
        example="ES",
    ),
    RiskColumn(
        name="plan",
        kind=sa.Text,
        meaning="Plan, where known; its first 200 characters",
        nullable=True,
        given="optional",
        cut=True,
        assistant=True,
        example="pro",
    ),
    RiskColumn(
        name="account",
        kind=sa.Text,
        meaning="Company that several subscribers belong to, where known; its first 200 characters",
        nullable=True,
        given="optional",
        cut=True,
        assistant=True,
        example="acme",
    ),
    RiskColumn(
        name="unknown_values",
        kind=sa.Text,
        meaning=(
            "Columns with a text that the model has never seen and took as unknown, by "
            "name, e.g. plan, currency; null: none"
        ),
        nullable=True,
        given="optional",
        assistant=True,
        example="plan",
    ),
    RiskColumn(
        name="horizon_days", kind=sa.Integer, meaning=HORIZON_DAYS, nullable=True, example=30
    ),
    RiskColumn(name="trial", kind=sa.Boolean, meaning=TRIAL, nullable=True, example=False),
    RiskColumn(
        name="model_version",
        kind=sa.Text,
        meaning="Registry version of the model that scored it",
        example="7",
    ),
    RiskColumn(
        name="valid_until",
        kind=Utc,
        meaning="From here on (UTC) the score is stale",
        example="2026-11-28T02:00:00Z",
    ),
    RiskColumn(
        name="degraded",
        kind=sa.JSON,
        meaning="Sources that were missing or stale, a JSON list; [] is none",
        example=[],
    ),
)
