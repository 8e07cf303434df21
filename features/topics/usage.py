"""Usage features, for a business that has usage events."""

from perdura.features.definition import Derived, Feature, Over, Phrases, Since
from perdura.sources.events import USAGE

USED = Feature(
    name="usage",
    events=USAGE,
    measure=Over("sum", "quantity"),
    windows=(7, 30, 90),
    when_empty=0,
    unit="uses",
    signal="usage",
    en=Phrases("did not use the service", "used the service once", "used the service {n} times"),
    es=Phrases("no usó el servicio", "usó el servicio una vez", "usó el servicio {n} veces"),
    worse="less",
    says_typical=True,
)

SINCE_USED = Feature(
    name="days_since_used",
    events=USAGE,
    measure=Since("last"),
    unit="days",
    signal="usage",
    en=Phrases("never used the service", "", "last used the service {n} ago"),
    es=Phrases("nunca usó el servicio", "", "usó el servicio por última vez hace {n}"),
    worse="more",
    says_typical=True,
)

USAGE_TREND = Derived(
    name="usage_trend",
    sql="3 * usage_30d / nullif(usage_90d, 0)",
    unit="share",
    signal="usage",
    en=Phrases(
        "did not use the service in the last 30 days",
        "",
        "used the service {n} as much as usual in the last 30 days",
        "did not use the service in the last 90 days",
    ),
    es=Phrases(
        "no usó el servicio en los últimos 30 días",
        "",
        "usó el servicio un {n} de lo habitual en los últimos 30 días",
        "no usó el servicio en los últimos 90 días",
    ),
    reason_below=0.995,
    rests_on=("usage_90d", 9),
)

USAGE_FEATURES = (USED, SINCE_USED, USAGE_TREND)
