"""Subscription features: plan, price and tenure, and when the plan renews."""

from perdura.features.definition import Derived, Feature, Latest, Over, Phrases, Since
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS
from perdura.sources.periods import DAYS_A_MONTH

#: Subscribers of fewer days are new; a longer tenure is no reason to leave.
NEW_DAYS = 183

# What ended says what a subscriber had; the other events say what they have.
_HELD = "kind <> 'ended'"

TENURE = Feature(
    name="days_since_first_start",
    events=SUBSCRIPTIONS,
    measure=Since("first"),
    where="kind = 'started'",
    unit="age",
    signal="tenure",
    en=Phrases("never subscribed", "", "joined {n} ago"),
    es=Phrases("nunca se suscribió", "", "se suscribió hace {n}"),
    reason_below=NEW_DAYS,
)

SINCE_START = Feature(
    name="days_since_last_start",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where="kind = 'started'",
    unit="age",
    signal="tenure",
    en=Phrases("never subscribed", "", "the latest subscription started {n} ago"),
    es=Phrases("nunca se suscribió", "", "la última suscripción empezó hace {n}"),
    reason_below=NEW_DAYS,
)

ENDED = Feature(
    name="subscriptions_ended",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'ended'",
    windows=(365, 1095),
    when_empty=0,
    unit="subscriptions",
    signal="left_before",
    en=Phrases("no subscription ended", "1 subscription ended", "{n} subscriptions ended"),
    es=Phrases(
        "no terminó ninguna suscripción",
        "terminó 1 suscripción",
        "terminaron {n} suscripciones",
    ),
    reason_from=1,
)

WITHDRAWN = Feature(
    name="cancellations_withdrawn",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'cancel_withdrawn'",
    windows=(90, 365),
    when_empty=0,
    unit="cancellations",
    signal="left_before",
    en=Phrases(
        "no cancellation was withdrawn",
        "1 cancellation was withdrawn",
        "{n} cancellations were withdrawn",
    ),
    es=Phrases(
        "no retiró ninguna solicitud de baja",
        "retiró 1 solicitud de baja",
        "retiró {n} solicitudes de baja",
    ),
    reason_from=1,
)

PLAN = Feature(
    name="plan",
    events=SUBSCRIPTIONS,
    measure=Latest("plan"),
    where=_HELD,
    unit="category",
    signal="plan",
    en=Phrases("the plan is unknown", "", "is on the {n} plan"),
    es=Phrases("no se conoce el plan", "", "tiene el plan {n}"),
)

INTERVAL = Feature(
    name="interval_months",
    events=SUBSCRIPTIONS,
    measure=Latest("interval_months"),
    where=_HELD,
    unit="months",
    signal="plan",
    en=Phrases(
        "has no billing period",
        "pays every month",
        "pays every {n}",
        "the billing period is unknown",
    ),
    es=Phrases(
        "no tiene periodo de pago",
        "paga cada mes",
        "paga cada {n}",
        "no se conoce el periodo de pago",
    ),
)

QUANTITY = Feature(
    name="quantity",
    events=SUBSCRIPTIONS,
    measure=Latest("quantity"),
    where=_HELD,
    unit="seats",
    signal="plan",
    en=Phrases("has no seats", "has 1 seat", "has {n} seats", "the number of seats is unknown"),
    es=Phrases(
        "no tiene plazas",
        "tiene 1 plaza",
        "tiene {n} plazas",
        "no se conoce el número de plazas",
    ),
    worse="other",
    says_typical=True,
)

MRR = Feature(
    name="mrr",
    events=SUBSCRIPTIONS,
    measure=Latest("mrr"),
    where=_HELD,
    unit="money",
    signal="plan",
    currency="currency",
    en=Phrases("pays nothing a month", "", "pays {n} a month", "the monthly price is unknown"),
    es=Phrases("no paga nada al mes", "", "paga {n} al mes", "no se conoce el precio mensual"),
    worse="other",
    says_typical=True,
)

CURRENCY = Feature(
    name="currency",
    events=SUBSCRIPTIONS,
    measure=Latest("currency"),
    where=_HELD,
    unit="category",
    signal="plan",
    en=Phrases("the currency is unknown", "", "pays in {n}"),
    es=Phrases("no se conoce la moneda", "", "paga en {n}"),
)

SINCE_INVOICED = Feature(
    name="days_since_invoiced",
    events=PAYMENTS,
    measure=Since("last"),
    where="kind = 'invoiced'",
    unit="days",
    signal="renewal",
    en=Phrases("was never invoiced", "", "the last invoice was {n} ago"),
    es=Phrases("nunca se le facturó", "", "la última factura fue hace {n}"),
    billed=True,
    worse="more",
    says_typical=True,
)

INVOICED = Feature(
    name="invoices_issued",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind = 'invoiced'",
    windows=(90,),
    when_empty=0,
    unit="invoices",
    signal="renewal",
    en=Phrases("no invoice was issued", "1 invoice was issued", "{n} invoices were issued"),
    es=Phrases("no se emitió ninguna factura", "se emitió 1 factura", "se emitieron {n} facturas"),
    named=False,
)

# The invoice of an annual plan starts its year, unless there are more invoices than terms: a
# subscriber with invoices for usage too renews on the day the subscription started. Of null and
# 0, ``greatest`` would give 0, so the unknown goes first.
_TERM = f"(interval_months * {DAYS_A_MONTH})"
_ALSO_USAGE = f"invoices_issued_90d > 1 + 90 / {_TERM}"
_FROM_START = f"{_TERM} - days_since_last_start % {_TERM}"
_FROM_INVOICE = f"{_TERM} - days_since_invoiced"
TO_RENEWAL = Derived(
    name="days_to_renewal",
    sql=(
        f"CASE WHEN {_ALSO_USAGE} THEN {_FROM_START} "
        f"WHEN {_FROM_INVOICE} IS NOT NULL THEN greatest({_FROM_INVOICE}, 0) END"
    ),
    unit="days",
    signal="renewal",
    en=Phrases("the renewal is due", "", "the plan renews in {n}", "the next renewal is unknown"),
    es=Phrases(
        "ya toca renovar",
        "",
        "el plan se renueva en {n}",
        "no se conoce la próxima renovación",
    ),
    worse="less",
)

SUBSCRIPTION_FEATURES = (
    TENURE,
    SINCE_START,
    ENDED,
    WITHDRAWN,
    PLAN,
    INTERVAL,
    QUANTITY,
    MRR,
    CURRENCY,
)

RENEWAL_FEATURES = (SINCE_INVOICED, INVOICED, TO_RENEWAL)
