"""Subscription features: how its price and plan changed, and when it was paused."""

from perdura.features.definition import Feature, Over, Phrases, Since
from perdura.sources.events import SUBSCRIPTIONS

# Amounts of two currencies are not compared: a change of currency is neither dearer nor cheaper.
# A row that does not say its currency has not changed it.
_SAME_CURRENCY = "coalesce(currency = currency_before, true)"

PRICE_RISES = Feature(
    name="price_rises",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'plan_changed' AND plan = plan_before AND mrr > mrr_before "
    f"AND coalesce(quantity, 1) = coalesce(quantity_before, 1) AND {_SAME_CURRENCY}",
    windows=(30, 90, 365),
    when_empty=0,
    unit="price rises",
    signal="price_rise",
    en=Phrases("the price did not rise", "the price rose", "the price rose {n} times"),
    es=Phrases("el precio no subió", "el precio subió", "el precio subió {n} veces"),
    reason_from=1,
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
    reason_from=0,
    worse="less",
)

DOWNGRADES = Feature(
    name="downgrades",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where=f"kind = 'plan_changed' AND mrr < mrr_before AND {_SAME_CURRENCY}",
    windows=(30, 90, 365),
    when_empty=0,
    unit="downgrades",
    signal="downgrade",
    en=Phrases("did not downgrade", "downgraded once", "downgraded {n} times"),
    es=Phrases("no bajó de plan", "bajó de plan una vez", "bajó de plan {n} veces"),
    reason_from=1,
)

SINCE_DOWNGRADE = Feature(
    name="days_since_downgrade",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where=DOWNGRADES.where,
    unit="days",
    signal="downgrade",
    en=Phrases("never downgraded", "", "downgraded {n} ago"),
    es=Phrases("nunca bajó de plan", "", "bajó de plan hace {n}"),
    reason_from=0,
    worse="less",
)

UPGRADES = Feature(
    name="upgrades",
    events=SUBSCRIPTIONS,
    measure=Over("count"),
    where="kind = 'plan_changed' AND plan <> plan_before AND mrr > mrr_before "
    f"AND {_SAME_CURRENCY}",
    windows=(90, 365),
    when_empty=0,
    unit="upgrades",
    signal="plan",
    en=Phrases("did not upgrade", "upgraded once", "upgraded {n} times"),
    es=Phrases("no subió de plan", "subió de plan una vez", "subió de plan {n} veces"),
    reason_from=1,
)

SINCE_UPGRADE = Feature(
    name="days_since_upgrade",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where=UPGRADES.where,
    unit="days",
    signal="plan",
    en=Phrases("never upgraded", "", "upgraded {n} ago"),
    es=Phrases("nunca subió de plan", "", "subió de plan hace {n}"),
    reason_from=0,
    worse="less",
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
    en=Phrases("did not pause", "paused once", "paused {n} times"),
    es=Phrases("no hizo ninguna pausa", "hizo una pausa", "hizo {n} pausas"),
    reason_from=1,
)

SINCE_PAUSE = Feature(
    name="days_since_pause",
    events=SUBSCRIPTIONS,
    measure=Since("last"),
    where="kind IN ('paused', 'resumed')",
    unit="days",
    signal="pause",
    en=Phrases("never paused", "", "last paused or resumed {n} ago"),
    es=Phrases("nunca hizo una pausa", "", "la última pausa o reanudación fue hace {n}"),
    reason_from=0,
    worse="less",
)

CHANGE_FEATURES = (
    PRICE_RISES,
    SINCE_PRICE_RISE,
    DOWNGRADES,
    SINCE_DOWNGRADE,
    UPGRADES,
    SINCE_UPGRADE,
    PAUSES,
    SINCE_PAUSE,
)
