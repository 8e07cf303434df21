"""What support did about a subscriber: measured only where the settings ask for it."""

from perdura.features.definition import Feature, Over, Phrases, Since
from perdura.sources.events import CONTACTS

CONTACTED = Feature(
    name="contacts",
    events=CONTACTS,
    measure=Over("count"),
    where="kind IN ('contacted', 'offered')",
    windows=(30, 90),
    when_empty=0,
    unit="contacts",
    signal="contacts",
    en=Phrases("support made no contact", "support made contact", "support made contact {n} times"),
    es=Phrases(
        "el soporte no se puso en contacto",
        "el soporte se puso en contacto",
        "el soporte se puso en contacto {n} veces",
    ),
    named=False,
    reason_from=1,
)

OFFERED = Feature(
    name="offers",
    events=CONTACTS,
    measure=Over("count"),
    where="kind = 'offered'",
    windows=(90,),
    when_empty=0,
    unit="offers",
    signal="contacts",
    en=Phrases("nothing was offered", "1 offer was made", "{n} offers were made"),
    es=Phrases("no se ofreció nada", "se hizo 1 oferta", "se hicieron {n} ofertas"),
    named=False,
    reason_from=1,
)

SINCE_CONTACTED = Feature(
    name="days_since_contact",
    events=CONTACTS,
    measure=Since("last"),
    where="kind IN ('contacted', 'offered')",
    unit="days",
    signal="contacts",
    en=Phrases("support never made contact", "", "support last made contact {n} ago"),
    es=Phrases(
        "el soporte nunca se puso en contacto", "", "el soporte se puso en contacto hace {n}"
    ),
    named=False,
    reason_from=0,
)

SINCE_HELD_OUT = Feature(
    name="days_since_held_out",
    events=CONTACTS,
    measure=Since("last"),
    where="kind = 'held_out'",
    unit="days",
    signal="contacts",
    en=Phrases("was never held out", "", "was held out {n} ago"),
    es=Phrases("nunca se dejó sin contactar", "", "se dejó sin contactar hace {n}"),
    named=False,
    reason_from=0,
)

CONTACT_FEATURES = (CONTACTED, OFFERED, SINCE_CONTACTED, SINCE_HELD_OUT)

#: Their columns.
CONTACT_COLUMNS = frozenset(
    column.name for feature in CONTACT_FEATURES for column in feature.columns
)
