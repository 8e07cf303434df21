"""The sixty columns of the benchmark, declared as Perdura's features are.

Amounts are plain numbers here, not money: peers add them whatever their currency, so all do the
same work (there is one currency).
"""

from benchmarks.workload.task import LIFE, SUMMED, WINDOWS
from perdura.features.definition import Balance, Derived, Feature, Measure, Over, Phrases, Since
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable


def _feature(
    name: str,
    events: EventTable,
    measure: Measure,
    where: str,
    *,
    windows: tuple[int, ...] = (),
    empty: float | None = None,
) -> Feature:
    return Feature(
        name=name,
        events=events,
        measure=measure,
        where=where,
        windows=windows,
        when_empty=empty,
        unit="days" if isinstance(measure, Since) else "points",
        signal=name.removeprefix("since_"),
        en=_phrases(name),
        es=_phrases(name),
    )


def _phrases(name: str) -> Phrases:
    words = name.replace("_", " ")
    return Phrases(f"no {words}", "", f"{words} of {{n}}")


def _derived(name: str, sql: str, signal: str) -> Derived:
    return Derived(
        name=name, sql=sql, unit="share", signal=signal, en=_phrases(name), es=_phrases(name)
    )


_MEASURED = (
    ("payments", PAYMENTS, Over("count"), "true", 0),
    ("paid_sum", PAYMENTS, Over("sum", "amount"), "kind = 'paid'", 0),
    ("failed", PAYMENTS, Over("count"), "kind = 'failed'", 0),
    ("refunded_sum", PAYMENTS, Over("sum", "amount"), "kind = 'refunded'", 0),
    ("tickets", TICKETS, Over("count"), "kind = 'opened'", 0),
    ("urgent", TICKETS, Over("count"), "kind = 'opened' AND priority IN ('high', 'urgent')", 0),
    ("reply_hours", TICKETS, Over("mean", "hours"), "kind = 'replied'", None),
    ("score", TICKETS, Over("mean", "score"), "kind = 'rated'", None),
)

SIXTY: tuple[Feature | Derived, ...] = (
    *(
        _feature(
            name,
            events,
            measure,
            where,
            windows=(*WINDOWS, LIFE) if name in SUMMED else WINDOWS,
            empty=empty,
        )
        for name, events, measure, where, empty in _MEASURED
    ),
    _feature("since_paid", PAYMENTS, Since("last"), "kind = 'paid'"),
    _feature("since_failed", PAYMENTS, Since("last"), "kind = 'failed'"),
    _feature("since_ticket", TICKETS, Since("last"), "kind = 'opened'"),
    _feature(
        "tickets_open",
        TICKETS,
        Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"),
        "true",
        empty=0,
    ),
    _feature("tenure", SUBSCRIPTIONS, Since("first"), "kind = 'started'"),
    *(
        _derived(f"failed_share_{days}d", f"failed_{days}d / nullif(payments_{days}d, 0)", "failed")
        for days in WINDOWS
    ),
    *(
        _derived(f"{name}_trend", f"3 * {name}_30d / nullif({name}_90d, 0)", name)
        for name in SUMMED
    ),
)
