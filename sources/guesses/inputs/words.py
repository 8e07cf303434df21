"""What words of a source mean in the words of events: states of payments, reasons, ratings."""

import re

from perdura.sources.guesses.columns import SampledColumn
from perdura.sources.guesses.section import sql_name, sql_text

_PAID = {
    "succeeded",
    "success",
    "successful",
    "paid",
    "complete",
    "completed",
    "settled",
    "captured",
    "ok",
}
_FAILED = {"failed", "failure", "declined", "error", "rejected", "refused", "denied"}
_REFUNDED = {"refunded", "refund", "reversed"}
_DISPUTED = {"disputed", "dispute", "chargeback"}
_LOST = {"uncollectible", "written_off", "void", "voided"}
_PAYMENT_WORDS = re.compile(r"payment|card|declin|unpaid|dunning|non_?pay|delinquen")
_UNKNOWN_WORDS = re.compile(r"^(unknown|none|other|n/?a|unspecified)$")


def kinds_of_status(column: SampledColumn) -> tuple[str, str | None]:
    """Kinds of payments by the words of a status, and a condition that leaves the others out."""
    groups = (
        ("paid", _PAID), ("failed", _FAILED), ("refunded", _REFUNDED), ("disputed", _DISPUTED),
        ("written_off", _LOST),
    )  # fmt: skip
    cases: list[str] = []
    known: list[str] = []
    for value in column.values:
        word = value.lower().replace(" ", "_")
        if kind := next((kind for kind, words in groups if word in words), None):
            cases.append(f"WHEN {sql_text(value)} THEN '{kind}'")
            known.append(sql_text(value))
    if not cases:
        return "'paid'", None
    others = [value for value in column.values if sql_text(value) not in known]
    name = sql_name(column.name)
    where = f"{name} IN ({', '.join(known)})" if others else None
    return f"CASE {name} {' '.join(cases)} END", where


def cause_of(column: SampledColumn, name: str | None = None) -> str:
    """Causes by the words of a reason: what is not said to be payment or unknown is by choice."""
    cases = [
        f"WHEN {sql_text(value)} THEN '{'payment' if paid else 'unknown'}'"
        for value in column.values
        if (paid := bool(_PAYMENT_WORDS.search(value.lower())))
        or _UNKNOWN_WORDS.search(value.lower())
    ]
    own = name or sql_name(column.name)
    return f"CASE {own} {' '.join(cases)} ELSE 'voluntary' END" if cases else "'voluntary'"


def as_rating(column: SampledColumn) -> str:
    """A rating on the scale of 1 to 5."""
    name = sql_name(column.name)
    if column.content == "text":
        good = [v for v in column.values if v.lower() in ("good", "great", "satisfied", "positive")]
        bad = [v for v in column.values if v.lower() in ("bad", "poor", "dissatisfied", "negative")]
        cases = [f"WHEN {sql_text(v)} THEN 5" for v in good] + [
            f"WHEN {sql_text(v)} THEN 1" for v in bad
        ]
        return f"CASE {name} {' '.join(cases)} END" if cases else name
    if column.greatest <= 5:
        return name
    return f"1 + {name} / 2.5" if column.greatest <= 10 else f"1 + {name} / 25.0"
