"""Payment features: how a subscriber's money behaved."""

from perdura.features.definition import Balance, Derived, Feature, Latest, Over, Phrases, Since
from perdura.features.topics.subscription import NEW_DAYS
from perdura.sources.events import PAYMENTS

FAILED = Feature(
    name="payments_failed",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind = 'failed'",
    windows=(7, 30, 90, 180, 365),
    when_empty=0,
    unit="payments",
    signal="payment_failures",
    en=Phrases("no payment failed", "1 payment failed", "{n} payments failed"),
    es=Phrases("ningún pago falló", "1 pago falló", "{n} pagos fallaron"),
    rises=True,
    reason_from=1,
)

SINCE_FAILED = Feature(
    name="days_since_payment_failed",
    events=PAYMENTS,
    measure=Since("last"),
    where="kind = 'failed'",
    unit="days",
    signal="payment_failures",
    en=Phrases("no payment ever failed", "", "a payment failed {n} ago"),
    es=Phrases("nunca falló ningún pago", "", "un pago falló hace {n}"),
    reason_from=0,
    worse="less",
)

TRIED = Feature(
    name="payments_tried",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind IN ('paid', 'failed')",
    windows=(90, 365),
    when_empty=0,
    unit="payments",
    signal="payment_activity",
    en=Phrases("no payment was tried", "1 payment was tried", "{n} payments were tried"),
    es=Phrases("no se intentó ningún pago", "se intentó 1 pago", "se intentaron {n} pagos"),
    billed=True,
    worse="less",
    says_typical=True,
)

FAILED_SHARE = Derived(
    name="payments_failed_share_365d",
    sql="payments_failed_365d / nullif(payments_tried_365d, 0)",
    unit="share",
    signal="payment_failures",
    en=Phrases(
        "no payment failed in a year",
        "",
        "{n} of payments failed in a year",
        "no payment was tried in a year",
    ),
    es=Phrases(
        "ningún pago falló en un año",
        "",
        "el {n} de los pagos falló en un año",
        "no se intentó ningún pago en un año",
    ),
    rises=True,
    reason_from=0.005,
    rests_on=("payments_tried_365d", 3),
)

UNPAID = Feature(
    name="invoices_unpaid",
    events=PAYMENTS,
    measure=Balance("kind = 'invoiced'", "kind IN ('paid', 'written_off')", "invoice_id"),
    when_empty=0,
    unit="invoices",
    signal="unpaid_invoices",
    en=Phrases("no invoice is unpaid", "1 invoice is unpaid", "{n} invoices are unpaid"),
    es=Phrases(
        "no hay facturas sin pagar", "hay 1 factura sin pagar", "hay {n} facturas sin pagar"
    ),
    rises=True,
    reason_from=1,
)

PAID = Feature(
    name="payments_paid",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind = 'paid'",
    windows=(30, 90, 180, 365),
    when_empty=0,
    unit="payments",
    signal="payment_activity",
    en=Phrases("nothing was paid", "1 payment was made", "{n} payments were made"),
    es=Phrases("no se pagó nada", "se hizo 1 pago", "se hicieron {n} pagos"),
    billed=True,
    worse="less",
    says_typical=True,
)

SINCE_PAID = Feature(
    name="days_since_paid",
    events=PAYMENTS,
    measure=Since("last"),
    where="kind = 'paid'",
    unit="days",
    signal="payment_activity",
    en=Phrases("nothing was ever paid", "", "the last payment was {n} ago"),
    es=Phrases("nunca se pagó nada", "", "el último pago fue hace {n}"),
    billed=True,
    worse="more",
    says_typical=True,
)

SINCE_FIRST_PAID = Feature(
    name="days_since_first_paid",
    events=PAYMENTS,
    measure=Since("first"),
    where="kind = 'paid'",
    unit="age",
    signal="tenure",
    en=Phrases("nothing was ever paid", "", "the first payment was {n} ago"),
    es=Phrases("nunca se pagó nada", "", "el primer pago fue hace {n}"),
    reason_below=NEW_DAYS,
)

AMOUNT_PAID = Feature(
    name="amount_paid",
    events=PAYMENTS,
    measure=Over("sum", "amount"),
    where="kind = 'paid'",
    windows=(30, 90, 365),
    when_empty=0,
    unit="money",
    signal="money",
    currency="payment_currency",
    en=Phrases("nothing was paid", "", "{n} was paid"),
    es=Phrases("no se pagó nada", "", "se pagaron {n}"),
    billed=True,
    worse="less",
    says_typical=True,
)

AMOUNT_TREND = Derived(
    name="amount_paid_trend",
    sql="4 * amount_paid_90d / nullif(amount_paid_365d, 0)",
    unit="share",
    signal="payment_activity",
    en=Phrases(
        "nothing was paid in the last 90 days",
        "",
        "paid {n} of the usual amount in the last 90 days",
        "nothing was paid in a year",
    ),
    es=Phrases(
        "no se pagó nada en los últimos 90 días",
        "",
        "pagó el {n} de lo habitual en los últimos 90 días",
        "no se pagó nada en un año",
    ),
    billed=True,
    reason_below=0.995,
    rests_on=("payments_paid_365d", 3),
)

REFUNDED = Feature(
    name="payments_refunded",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind = 'refunded'",
    windows=(30, 90, 365),
    when_empty=0,
    unit="refunds",
    signal="refunds_disputes",
    en=Phrases("nothing was refunded", "1 payment was refunded", "{n} payments were refunded"),
    es=Phrases("no se reembolsó nada", "se reembolsó 1 pago", "se reembolsaron {n} pagos"),
    reason_from=1,
)

DISPUTED = Feature(
    name="payments_disputed",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind = 'disputed'",
    windows=(90, 365),
    when_empty=0,
    unit="disputes",
    signal="refunds_disputes",
    en=Phrases("no payment was disputed", "1 payment was disputed", "{n} payments were disputed"),
    es=Phrases("no hubo pagos en disputa", "hubo 1 pago en disputa", "hubo {n} pagos en disputa"),
    reason_from=1,
)

METHOD = Feature(
    name="payment_method",
    events=PAYMENTS,
    measure=Latest("method"),
    unit="category",
    signal="payment_method",
    en=Phrases("no payment method is known", "", "pays by {n}"),
    es=Phrases("no se conoce la forma de pago", "", "paga con {n}"),
)

# The currency that amounts are added up in: that of the last row that says one.
CURRENCY = Feature(
    name="payment_currency",
    events=PAYMENTS,
    measure=Latest("currency"),
    unit="category",
    signal="payment_method",
    en=Phrases("the currency of payments is unknown", "", "paid in {n}"),
    es=Phrases("no se conoce la moneda de los pagos", "", "pagó en {n}"),
)

PAYMENT_FEATURES = (
    FAILED,
    SINCE_FAILED,
    TRIED,
    FAILED_SHARE,
    UNPAID,
    PAID,
    SINCE_PAID,
    SINCE_FIRST_PAID,
    AMOUNT_PAID,
    AMOUNT_TREND,
    REFUNDED,
    DISPUTED,
    METHOD,
    CURRENCY,
)
