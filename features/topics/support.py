"""Support features: how often a subscriber needed help, and how it went."""

from perdura.features.definition import Balance, Derived, Feature, Over, Phrases, Since
from perdura.sources.events import TICKETS

OPENED = Feature(
    name="tickets_opened",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'opened'",
    windows=(7, 30, 90, 180, 365),
    when_empty=0,
    unit="tickets",
    signal="ticket_volume",
    en=Phrases("no ticket was opened", "1 ticket was opened", "{n} tickets were opened"),
    es=Phrases("no se abrió ningún ticket", "se abrió 1 ticket", "se abrieron {n} tickets"),
    reason_from=1,
    worse="more",
    says_typical=True,
)

SINCE_OPENED = Feature(
    name="days_since_ticket",
    events=TICKETS,
    measure=Since("last"),
    where="kind = 'opened'",
    unit="days",
    signal="ticket_volume",
    en=Phrases("no ticket was ever opened", "", "the last ticket was opened {n} ago"),
    es=Phrases("nunca abrió ningún ticket", "", "el último ticket se abrió hace {n}"),
    reason_from=0,
    worse="less",
    says_typical=True,
)

OUTAGES = Feature(
    name="tickets_about_outages",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'opened' AND topic = 'outage'",
    windows=(30, 90),
    when_empty=0,
    unit="tickets",
    signal="ticket_volume",
    en=Phrases("no outage was reported", "1 outage was reported", "{n} outages were reported"),
    es=Phrases(
        "no informó de ninguna caída del servicio",
        "informó de 1 caída del servicio",
        "informó de {n} caídas del servicio",
    ),
    reason_from=1,
)

HOW_TO = Feature(
    name="tickets_about_how_to",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'opened' AND topic = 'how_to'",
    windows=(90,),
    when_empty=0,
    unit="tickets",
    signal="ticket_volume",
    en=Phrases(
        "did not ask how anything is done",
        "asked once how something is done",
        "asked {n} times how something is done",
    ),
    es=Phrases(
        "no preguntó cómo se hace nada",
        "preguntó una vez cómo se hace algo",
        "preguntó {n} veces cómo se hace algo",
    ),
    reason_from=1,
    worse="more",
    says_typical=True,
)

TICKET_TREND = Derived(
    name="tickets_trend",
    sql="3 * tickets_opened_30d / nullif(tickets_opened_90d, 0)",
    unit="share",
    signal="ticket_volume",
    en=Phrases(
        "no ticket was opened in the last 30 days",
        "",
        "opened tickets at {n} of the usual pace in the last 30 days",
        "no ticket was opened in the last 90 days",
    ),
    es=Phrases(
        "no se abrió ningún ticket en los últimos 30 días",
        "",
        "abrió tickets al {n} del ritmo habitual en los últimos 30 días",
        "no se abrió ningún ticket en los últimos 90 días",
    ),
    reason_from=1.005,
    rests_on=("tickets_opened_30d", 3),
)

OPEN = Feature(
    name="tickets_open",
    events=TICKETS,
    measure=Balance("kind IN ('opened', 'reopened')", "kind = 'resolved'", "ticket_id"),
    when_empty=0,
    unit="tickets",
    signal="open_tickets",
    en=Phrases("no ticket is open", "1 ticket is still open", "{n} tickets are still open"),
    es=Phrases("no hay tickets abiertos", "1 ticket sigue abierto", "{n} tickets siguen abiertos"),
    reason_from=1,
)

REOPENED = Feature(
    name="tickets_reopened",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'reopened'",
    windows=(30, 90, 365),
    when_empty=0,
    unit="tickets",
    signal="reopened",
    en=Phrases("no ticket was reopened", "1 ticket was reopened", "{n} tickets were reopened"),
    es=Phrases("no se reabrió ningún ticket", "se reabrió 1 ticket", "se reabrieron {n} tickets"),
    reason_from=1,
)

ESCALATED = Feature(
    name="tickets_escalated",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'escalated'",
    windows=(30, 90, 180),
    when_empty=0,
    unit="tickets",
    signal="escalations",
    en=Phrases("no ticket was escalated", "1 ticket was escalated", "{n} tickets were escalated"),
    es=Phrases("no se escaló ningún ticket", "se escaló 1 ticket", "se escalaron {n} tickets"),
    reason_from=1,
)

# As of now: one that was resolved since counts no more, even when it is opened again.
ESCALATED_OPEN = Feature(
    name="tickets_escalated_open",
    events=TICKETS,
    measure=Balance("kind = 'escalated'", "kind = 'resolved'", "ticket_id"),
    when_empty=0,
    unit="tickets",
    signal="escalations",
    en=Phrases(
        "no escalated ticket is open",
        "1 escalated ticket is still open",
        "{n} escalated tickets are still open",
    ),
    es=Phrases(
        "no hay tickets escalados abiertos",
        "1 ticket escalado sigue abierto",
        "{n} tickets escalados siguen abiertos",
    ),
    reason_from=1,
)

SINCE_ESCALATED = Feature(
    name="days_since_escalation",
    events=TICKETS,
    measure=Since("last"),
    where="kind = 'escalated'",
    unit="days",
    signal="escalations",
    en=Phrases("no ticket was ever escalated", "", "a ticket was escalated {n} ago"),
    es=Phrases("nunca se escaló ningún ticket", "", "se escaló un ticket hace {n}"),
    reason_from=0,
    worse="less",
)

REPLY_HOURS = Feature(
    name="reply_hours_mean",
    events=TICKETS,
    measure=Over("mean", "hours"),
    where="kind = 'replied'",
    windows=(30, 90, 180),
    unit="hours",
    signal="slow_support",
    en=Phrases("no ticket was answered", "", "waited {n} for a reply on average"),
    es=Phrases("no se respondió ningún ticket", "", "las respuestas tardaron {n} de media"),
    worse="more",
    says_typical=True,
)

LONGEST_WAIT = Feature(
    name="reply_hours_max",
    events=TICKETS,
    measure=Over("max", "hours"),
    where="kind = 'replied'",
    windows=(30, 90),
    unit="hours",
    signal="slow_support",
    en=Phrases("no ticket was answered", "", "the slowest reply took {n}"),
    es=Phrases("no se respondió ningún ticket", "", "la respuesta más lenta tardó {n}"),
    worse="more",
    says_typical=True,
)

RESOLUTION_HOURS = Feature(
    name="resolution_hours_mean",
    events=TICKETS,
    measure=Over("mean", "hours"),
    where="kind = 'resolved'",
    windows=(90, 365),
    unit="hours",
    signal="slow_support",
    en=Phrases("no ticket was resolved", "", "tickets took {n} to resolve on average"),
    es=Phrases("no se resolvió ningún ticket", "", "resolver un ticket llevó {n} de media"),
    worse="more",
    says_typical=True,
)

SUPPORT_FEATURES = (
    OPENED,
    SINCE_OPENED,
    OUTAGES,
    HOW_TO,
    TICKET_TREND,
    OPEN,
    REOPENED,
    ESCALATED,
    ESCALATED_OPEN,
    SINCE_ESCALATED,
    REPLY_HOURS,
    LONGEST_WAIT,
    RESOLUTION_HOURS,
)
