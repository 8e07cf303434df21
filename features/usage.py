"""Usage features, for a business that has usage events."""

from features.definition import Derived, Feature, Over, Phrases, Since
from sources.events import USAGE

USED = Feature(
    name="usage",
    events=USAGE,
    measure=Over("sum", "quantity"),
    windows=(7, 30, 90),
    when_empty=0,
    unit="uses",
    signal="usage",
    en=Phrases("nothing was used", "used once", "used {n} times"),
    es=Phrases("no se usó nada", "se usó una vez", "se usó {n} veces"),
)

SINCE_USED = Feature(
    name="days_since_used",
    events=USAGE,
    measure=Since("last"),
    unit="days",
    signal="usage",
    en=Phrases("never used", "", "last used {n} ago"),
    es=Phrases("nunca se usó", "", "se usó por última vez hace {n}"),
)

USAGE_TREND = Derived(
    name="usage_trend",
    sql="3 * usage_30d / nullif(usage_90d, 0)",
    unit="share",
    signal="usage",
    en=Phrases("no use in the last 30 days", "", "usage was {n} of the usual in the last 30 days"),
    es=Phrases(
        "sin uso en los últimos 30 días",
        "",
        "el uso fue el {n} de lo habitual en los últimos 30 días",
    ),
)

USAGE_FEATURES = (USED, SINCE_USED, USAGE_TREND)
