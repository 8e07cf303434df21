"""What a column is for, by its name and by what it holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from perdura.sources.guesses.columns import Content, SampledColumn

_ID = r"(_?(id|uuid|guid|key|no|nr|num|number|ref|code))"
_ANY: tuple[Content, ...] = ("text", "number", "email")
_NUMBER: tuple[Content, ...] = ("number",)
_TIME: tuple[Content, ...] = ("time",)
_WORDS: tuple[Content, ...] = ("text", "boolean", "number")


@dataclass(frozen=True, slots=True)
class Role:
    """One thing that a column may be for.

    Attributes:
        name: The role.
        patterns: Names of columns, in small letters with words apart, the likeliest first.
        contents: What such a column holds.
    """

    name: str
    patterns: tuple[str, ...]
    contents: tuple[Content, ...]

    def find(self, columns: Sequence[SampledColumn], used: set[str]) -> SampledColumn | None:
        """The likeliest column that is not used otherwise."""
        for pattern in self.patterns:
            for column in columns:
                fits = column.content in self.contents and column.name not in used
                if fits and re.search(pattern, column.words):
                    return column
        return None


SUBSCRIBER = Role(
    "subscriber",
    tuple(
        rf"^{name}{_ID}?$"
        for name in (
            "subscriber",
            "customer",
            "account",
            "client",
            "member",
            "company",
            "organi[sz]ation",
            "payer",
            "buyer",
            "user",
            "person",
            "cliente",
            "cuenta",
            "kunden?",
            "konto",
            "requester",
        )
    ),
    _ANY,
)
EMAIL = Role("email", (r"e_?mail", r"correo"), ("email",))
STATUS = Role("status", (r"status$", r"^state$", r"^estado$", r"^outcome$", r"^result$"), ("text",))
CURRENCY = Role("currency", (r"currency", r"^ccy$", r"moneda", r"waehrung|währung"), ("text",))
COUNTRY = Role("country", (r"country", r"^pais$", r"^land$"), ("text",))
SUBSCRIPTION_ID = Role(
    "subscription_id",
    (rf"^(subscription|subs?|contract|membership|agreement|policy|abo){_ID}$",),
    _ANY,
)
REFUND = Role(
    "refund", (r"refund.*(amount|usd|eur|gbp)", r"^refund(ed)?$", r"amount_refunded"), _NUMBER
)

SUBSCRIPTION_ROLES = (
    SUBSCRIPTION_ID,
    Role(
        "start",
        (
            r"^(start|started|begin|began|from|valid_from|activated|subscribed)(_|$)",
            r"start(ed)?_(at|on|date)?$",
            r"^sign_?up",
            r"^first_day$",
            r"^created",
            r"^(since|joined|opened|date)(_|$)",
            r"^inicio|^alta|^beginn",
        ),
        _TIME,
    ),
    Role(
        "end",
        (
            r"^(end|ended|until|valid_to|valid_until|terminated|expired|expires?)(_|$)",
            r"^last_day$",
            r"^(after_)?last_day$",
            r"^(churn|churned|left)(_|$)",
            r"^baja|^fin(_|$)|^ende(_|$)",
        ),
        _TIME,
    ),
    Role("cancelled", (r"^cancel", r"_cancell?ed(_|$)", r"cancell?ation"), _TIME),
    Role("trial_flag", (r"^is_trial$", r"^trial$"), ("boolean",)),
    Role(
        "plan", (r"^plan(_|$)", r"(^|_)plan$", r"^tier", r"product", r"package", r"tariff?"), _WORDS
    ),
    Role("mrr", (r"(^|_)mrr($|_)", r"monthly_(price|amount|fee|revenue|charges?)"), _NUMBER),
    Role(
        "price",
        (
            r"^(price|amount|cost|fee|rate)$",
            r"(price|amount|cost|fee|charge|precio|importe|preis|betrag)",
        ),
        _NUMBER,
    ),
    Role(
        "interval",
        (r"interval", r"frequency", r"billing_(period|cycle)", r"^(period|cycle|term)$"),
        _WORDS,
    ),
    Role("quantity", (r"^seats?$", r"^(quantity|qty|licen[sc]es?|users|units)$"), _NUMBER),
    CURRENCY,
    Role("reason", (r"reason", r"motivo", r"grund"), ("text",)),
    COUNTRY,
)
PAYMENT_ROLES = (
    Role(
        "payment_id",
        (rf"^(payment|charge|transaction|txn|order|purchase|receipt|pago){_ID}$",),
        _ANY,
    ),
    Role("invoice_id", (rf"^(invoice|bill|factura|rechnungs?){_ID}$",), _ANY),
    Role(
        "time",
        (
            r"^(paid|payment|charged?|transaction|order|purchase|invoice|posted)_?(at|on|date|day|time)?$",
            r"^(date|day|time|timestamp|fecha|datum)$",
            r"created",
            r"(_|^)(at|on|date|day|time)$",
        ),
        _TIME,
    ),
    REFUND,
    Role(
        "amount",
        (
            r"^amount(_paid|_cents|_due)?$",
            r"^(total|value|price|sum|revenue|betrag|importe|monto)$",
            r"(amount|total|value|price|revenue|paid|importe|betrag|spent)",
        ),
        _NUMBER,
    ),
    CURRENCY,
    STATUS,
    Role("method", (r"method", r"^(payment|card)_(type|brand)$", r"^metodo"), ("text",)),
    Role("failure_code", (r"(failure|decline|error)_(code|reason)",), ("text",)),
)
TICKET_ROLES = (
    Role(
        "ticket_id",
        (rf"^(ticket|case|conversation|issue|request|incident){_ID}$", r"^(id|number)$"),
        _ANY,
    ),
    Role(
        "opened",
        (
            r"^(submitted|opened?|created|reported|received|requested)(_|$)",
            r"^(date|day|timestamp|fecha)$",
            r"(created|opened)_(at|on|date)$",
        ),
        _TIME,
    ),
    Role(
        "resolved",
        (r"^(closed?|resolved?|solved?|completed|finished)(_|$)", r"resol", r"(closed|solved)_"),
        _TIME,
    ),
    Role("replied", (r"first_(reply|response|answer)", r"^repl(ied|y)"), _TIME),
    Role(
        "reply_minutes", (r"first_(reply|response|answer).*min", r"^(reply|response).*min"), _NUMBER
    ),
    Role(
        "reply_hours",
        (r"first_(reply|response|answer).*(hour|_h$)", r"^(reply|response).*(hour|_h$)"),
        _NUMBER,
    ),
    Role("resolution_hours", (r"(resolution|solve|close|handling).*(hour|_h$)",), _NUMBER),
    Role("priority", (r"priority", r"severity", r"urgency", r"prioridad"), _WORDS),
    Role("channel", (r"^channel$", r"^via$", r"^source$", r"^canal$"), ("text",)),
    Role(
        "topic",
        (
            r"^(topic|category|type|tag|tema|subject_area)$",
            r"(ticket|issue|case)_(type|category|topic)",
        ),
        ("text",),
    ),
    Role("score", (r"satisfaction", r"csat", r"rating", r"^score$"), ("number", "text")),
    Role("escalated", (r"escalat",), ("boolean",)),
)
USAGE_ROLES = (
    SUBSCRIPTION_ID,
    Role(
        "time",
        (
            r"^(usage|event|session|activity|login)_?(at|on|date|day|time|timestamp)$",
            r"^(date|day|time|timestamp|ts|fecha|datum)$",
            r"(_|^)(at|on|date|day|time)$",
        ),
        _TIME,
    ),
    Role(
        "what",
        (r"^(feature|event|action|activity|metric)(_(name|type))?$", r"feature", r"^(name|type)$"),
        ("text",),
    ),
    Role(
        "quantity",
        (
            r"(usage|event|session|login|action)s?_count",
            r"^(count|quantity|qty|sessions|logins|events|uses|actions)$",
            r"count$",
            r"quantity",
        ),
        _NUMBER,
    ),
)
LEAVING_ROLES = (
    SUBSCRIPTION_ID,
    Role(
        "time",
        (
            r"^(churn|cancel|left|leav|end|terminat)\w*",
            r"^(date|day|fecha|datum)$",
            r"(_|^)(at|on|date|day)$",
        ),
        _TIME,
    ),
    Role("reason", (r"reason", r"motivo", r"grund"), ("text",)),
    REFUND,
    Role("event_id", (r"_id$", r"^id$"), _ANY),
)
ACCOUNT_ROLES = (
    Role(
        "signed_up",
        (
            r"^sign_?(ed_)?up",
            r"^(created|registered|joined|since|member_since)(_|$)",
            r"^(date|alta)(_|$)",
        ),
        _TIME,
    ),
    COUNTRY,
    EMAIL,
)


def roles_in(
    roles: Sequence[Role], columns: Sequence[SampledColumn], used: Sequence[str] = ()
) -> dict[str, SampledColumn]:
    """The column of each role that has one; no column has two."""
    found: dict[str, SampledColumn] = {}
    taken = {*used}
    for role in roles:
        if (column := role.find(columns, taken)) is not None:
            found[role.name] = column
            taken.add(column.name)
    return found
