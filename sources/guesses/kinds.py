"""What each file is: subscriptions, payments, tickets, usage, accounts, or who left when."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from perdura.sources.guesses.columns import SampledColumn, column_of
from perdura.sources.guesses.names import singulars, snake_case
from perdura.sources.guesses.roles import (
    ACCOUNT_ROLES,
    EMAIL,
    LEAVING_ROLES,
    PAYMENT_ROLES,
    SUBSCRIBER,
    SUBSCRIPTION_ROLES,
    TICKET_ROLES,
    USAGE_ROLES,
    Role,
    roles_in,
)
from perdura.sources.guesses.samples import SampledTable
from perdura.sources.mapping.values.ids import as_id

_ID_LIKE = re.compile(r"(^|_)(id|uuid|guid|key|no|nr|num|number|ref|code)$|e_?mail")
#: Of the values of a column that names things of another file this share is there.
MEETS = 0.5


@dataclass(frozen=True, slots=True)
class _FileKind:
    """What a file may be: words of its name, its columns, and what speaks for it."""

    words: str
    roles: tuple[Role, ...]
    needs: tuple[tuple[str, ...], ...]
    weights: Mapping[str, float]


_KINDS: dict[str, _FileKind] = {
    "subscriptions": _FileKind(
        r"subscri|contract|membership|suscrip|vertr(a|ä)g|(^|_)abos?($|_)",
        SUBSCRIPTION_ROLES,
        (("start",),),
        {"end": 2, "cancelled": 2, "interval": 2, "plan": 1, "mrr": 2, "price": 1, "start": 1},
    ),
    "leavings": _FileKind(
        r"churn|cancel|leav|attrition|terminat|bajas?($|_)|kuendig|kündig",
        LEAVING_ROLES,
        (("time",),),
        {"reason": 1.5, "time": 1},
    ),
    "tickets": _FileKind(
        r"ticket|(^|_)cases?($|_)|conversation|support|issues?($|_)|incident",
        TICKET_ROLES,
        (("opened",),),
        {
            "ticket_id": 1,
            "priority": 2,
            "score": 1,
            "resolved": 1,
            "replied": 1.5,
            "reply_minutes": 1.5,
            "reply_hours": 1.5,
            "escalated": 1,
            "resolution_hours": 1,
        },
    ),
    "payments": _FileKind(
        r"payment|charge|invoice|transaction|order|purchase|sales?($|_)|billing|pagos?|zahlung|factur",
        PAYMENT_ROLES,
        (("time",), ("amount", "refund")),
        {
            "amount": 2,
            "payment_id": 2,
            "invoice_id": 1.5,
            "method": 1,
            "failure_code": 2,
            "time": 1,
        },
    ),
    "usage": _FileKind(
        r"usage|session|activit|login|feature|events?($|_)|telemetry|logs?($|_)",
        USAGE_ROLES,
        (("time",),),
        {"what": 1, "quantity": 1, "time": 0.5},
    ),
    "accounts": _FileKind(
        r"account|customer|client|users?($|_)|member|subscriber|compan|organi|cliente|kunde",
        ACCOUNT_ROLES,
        (),
        {"signed_up": 1, "country": 1, "email": 1},
    ),
}
_NAMED, _LEAST = 3.5, 3.0


@dataclass(frozen=True, slots=True)
class GuessedFile:
    """One file and what is guessed of it.

    Attributes:
        sample: Its sample.
        columns: What its columns hold.
        kind: What it is; ``None``: unknown.
        roles: What its columns are for.
        key: The column with values that name rows of it once each, if there is one.
    """

    sample: SampledTable
    columns: tuple[SampledColumn, ...]
    kind: str | None = None
    roles: Mapping[str, SampledColumn] = field(default_factory=dict[str, SampledColumn])
    key: SampledColumn | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.sample.name

    def column(self, name: str) -> SampledColumn:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def ids(self, column: SampledColumn) -> pl.Series:
        """The different values of a column as ids."""
        values = self.sample.rows[column.name]
        return pl.select(as_id(pl.lit(values), values.dtype)).to_series().drop_nulls().unique()

    @property
    def id_columns(self) -> list[SampledColumn]:
        """Columns that may name things of this file or of another."""
        return [
            column
            for column in self.columns
            if column.content == "email"
            or (column.content in ("text", "number") and _ID_LIKE.search(column.words))
            or (column.content in ("text", "number") and SUBSCRIBER.find([column], set()))
        ]


def guess_files(samples: Sequence[SampledTable]) -> list[GuessedFile]:
    """What each file is, the likeliest for each by itself."""
    found: list[GuessedFile] = []
    for sample in samples:
        columns = tuple(column_of(values) for values in sample.rows)
        scores = {kind: _score(sample, columns, kind) for kind in _KINDS}
        best = max(scores, key=lambda kind: scores[kind])
        kind = best if scores[best] >= _LEAST else None
        subscribers = [column.name for column in columns if SUBSCRIBER.find([column], set())]
        own = [] if kind == "accounts" else subscribers
        roles = roles_in(_KINDS[kind].roles, columns, own) if kind else {}
        found.append(GuessedFile(sample, columns, kind, roles, _key(sample, columns, kind)))
    return found


def _score(sample: SampledTable, columns: Sequence[SampledColumn], kind: str) -> float:
    how = _KINDS[kind]
    subscriber = SUBSCRIBER.find(columns, set())
    found = roles_in(how.roles, columns, [subscriber.name] if subscriber else [])
    if any(not any(name in found for name in names) for names in how.needs):
        return 0.0
    named = _NAMED if re.search(how.words, snake_case(sample.name)) else 0.0
    score = named + sum(how.weights.get(name, 0.0) for name in found)
    if kind == "accounts":
        plain = next((column for column in columns if column.words in ("id", "uuid")), None)
        own = subscriber or EMAIL.find(columns, set()) or plain
        return score + 2 if own and own.is_unique else 0.0
    if kind == "subscriptions" and "subscription_id" in found:
        score += 2 if found["subscription_id"].is_unique else -2
    if kind == "leavings" and not named:
        return 0.0
    return score


def _key(
    sample: SampledTable, columns: Sequence[SampledColumn], kind: str | None
) -> SampledColumn | None:
    """The id of what a file is about: ``id``, or one called like the file, unique in it."""
    unique = [
        column
        for column in columns
        if column.is_unique and column.filled == 1 and column.content in ("text", "number", "email")
    ]
    named = [f"{one}_id" for one in singulars(sample.name)]
    for wanted in (named, ["id", "uuid", "key", "number"]):
        for column in unique:
            if column.words in wanted:
                return column
    if kind == "accounts" and (own := SUBSCRIBER.find(unique, set())):
        return own
    return next((column for column in unique if _ID_LIKE.search(column.words)), None)
