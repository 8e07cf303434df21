"""Subscription and tenure features: what somebody has, since when, and what changed."""

from features.definition import Derived, Feature, Latest, Over, Phrases, Since
from sources.events import PAYMENTS, SUBSCRIPTIONS

TENURE = Feature(
    name="days_since_first_start",
    events=SUBSCRIPTIONS,
    measure=Since("first"),
    where="kind = 'started'",
    unit="days",
    signal="tenure",
    en=Phrases("never started", "", "a subscriber for {n}"),
    es=Phrases("nunca empezó", "", "lleva {n} como suscriptor"),
)

SINCE_START = Feature(
    name="days_since_last_start",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where="kind = 'started'",
    unit="days",
    signal="tenure",
    en=Phrases("never started", "", "started {n} ago"),
    es=Phrases("nunca empezó", "", "empezó hace {n}"),
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
    en=Phrases("never left before", "left once before", "left {n} times before"),
    es=Phrases("nunca se fue antes", "ya se fue una vez", "ya se fue {n} veces"),
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
        "ninguna baja retirada", "1 baja solicitada y retirada", "{n} bajas solicitadas y retiradas"
    ),
)

PLAN = Feature(
    name="plan",
    events=SUBSCRIPTIONS,
    measure=Latest("plan"),
    unit="category",
    signal="plan",
    en=Phrases("the plan is unknown", "", "is on the {n} plan"),
    es=Phrases("no se conoce el plan", "", "tiene el plan {n}"),
)

INTERVAL = Feature(
    name="interval_months",
    events=SUBSCRIPTIONS,
    measure=Latest("interval_months"),
    unit="months",
    signal="plan",
    en=Phrases("the billing period is unknown", "pays by the month", "pays every {n} months"),
    es=Phrases("no se conoce el periodo de pago", "paga cada mes", "paga cada {n} meses"),
)

QUANTITY = Feature(
    name="quantity",
    events=SUBSCRIPTIONS,
    measure=Latest("quantity"),
    unit="seats",
    signal="plan",
    en=Phrases("the number of seats is unknown", "has 1 seat", "has {n} seats"),
    es=Phrases("no se conoce el número de plazas", "tiene 1 plaza", "tiene {n} plazas"),
)

MRR = Feature(
    name="mrr",
    events=SUBSCRIPTIONS,
    measure=Latest("mrr"),
    unit="money",
    signal="plan",
    en=Phrases("pays nothing a month", "", "pays {n} a month"),
    es=Phrases("no paga nada al mes", "", "paga {n} al mes"),
)

CURRENCY = Feature(
    name="currency",
    events=SUBSCRIPTIONS,
    measure=Latest("currency"),
    unit="category",
    signal="plan",
    en=Phrases("the currency is unknown", "", "pays in {n}"),
    es=Phrases("no se conoce la moneda", "", "paga en {n}"),
)

PRICE_RISES = Feature(
    name="price_rises",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'plan_changed' AND plan = plan_before AND mrr > mrr_before "
    "AND coalesce(quantity, 1) = coalesce(quantity_before, 1)",
    windows=(30, 90, 365),
    when_empty=0,
    unit="price rises",
    signal="price_rise",
    en=Phrases("the price did not rise", "the price rose", "the price rose {n} times"),
    es=Phrases("el precio no subió", "el precio subió", "el precio subió {n} veces"),
)

SINCE_PRICE_RISE = Feature(
    name="days_since_price_rise",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where=PRICE_RISES.where,
    unit="days",
    signal="price_rise",
    en=Phrases("the price never rose", "", "the price rose {n} ago"),
    es=Phrases("el precio nunca subió", "", "el precio subió hace {n}"),
)

DOWNGRADES = Feature(
    name="downgrades",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'plan_changed' AND mrr < mrr_before",
    windows=(30, 90, 365),
    when_empty=0,
    unit="downgrades",
    signal="downgrade",
    en=Phrases("no downgrade", "downgraded once", "downgraded {n} times"),
    es=Phrases("ninguna reducción de plan", "redujo el plan una vez", "redujo el plan {n} veces"),
)

SINCE_DOWNGRADE = Feature(
    name="days_since_downgrade",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where=DOWNGRADES.where,
    unit="days",
    signal="downgrade",
    en=Phrases("never downgraded", "", "downgraded {n} ago"),
    es=Phrases("nunca redujo el plan", "", "redujo el plan hace {n}"),
)

UPGRADES = Feature(
    name="upgrades",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'plan_changed' AND plan <> plan_before AND mrr > mrr_before",
    windows=(90, 365),
    when_empty=0,
    unit="upgrades",
    signal="plan",
    en=Phrases("no upgrade", "upgraded once", "upgraded {n} times"),
    es=Phrases("no amplió el plan", "amplió el plan una vez", "amplió el plan {n} veces"),
)

PAUSES = Feature(
    name="pauses",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'paused'",
    windows=(90, 365),
    when_empty=0,
    unit="pauses",
    signal="pause",
    en=Phrases("no pause", "paused once", "paused {n} times"),
    es=Phrases("ninguna pausa", "hizo una pausa", "hizo {n} pausas"),
)

SINCE_PAUSE = Feature(
    name="days_since_pause",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where="kind IN ('paused', 'resumed')",
    unit="days",
    signal="pause",
    en=Phrases("never paused", "", "was paused until {n} ago"),
    es=Phrases("nunca hizo una pausa", "", "estuvo en pausa hasta hace {n}"),
)

SINCE_INVOICED = Feature(
    name="days_since_invoiced",
    events=PAYMENTS,
    measure=Since("last"),
    where="kind = 'invoiced'",
    unit="days",
    signal="renewal",
    en=Phrases("never invoiced", "", "the last invoice was {n} ago"),
    es=Phrases("nunca facturado", "", "la última factura fue hace {n}"),
)

# A month is 365.25 / 12 days here; the invoice of an annual plan starts its year.
TO_RENEWAL = Derived(
    name="days_to_renewal",
    sql="greatest(interval_months * 30.4375 - days_since_invoiced, 0)",
    unit="days",
    signal="renewal",
    en=Phrases(
        "the renewal is overdue", "", "the plan renews in {n}", "the next renewal is unknown"
    ),
    es=Phrases(
        "la renovación está vencida",
        "",
        "el plan se renueva en {n}",
        "no se conoce la próxima renovación",
    ),
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
    PRICE_RISES,
    SINCE_PRICE_RISE,
    DOWNGRADES,
    SINCE_DOWNGRADE,
    UPGRADES,
    PAUSES,
    SINCE_PAUSE,
    SINCE_INVOICED,
    TO_RENEWAL,
)
