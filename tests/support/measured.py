"""What features measure of one subscriber, ``ann``, at moments around one event."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from perdura.features.build import build_features
from perdura.features.definition import Derived, Feature, Measure, Phrases
from perdura.sources.events import MOMENT, EventTable
from perdura.sources.merges import Events
from tests.support.tables import at, events

#: When the event happens: at no day's start.
EVENT = at("2025-06-15 12:30")
#: The smallest step of time.
TICK = timedelta(microseconds=1)

Row = dict[str, Any]


def row(kind: str, days: float = 0, *, known: float | None = None, **own: Any) -> Row:
    """An event some days after ``EVENT``; known then, or ``known`` days after ``EVENT``."""
    times = {"happened_at": _text(EVENT + timedelta(days=days))}
    if known is not None:
        times["known_at"] = _text(EVENT + timedelta(days=known))
    return {"kind": kind, **times, **own}


def a_feature(
    table: EventTable,
    measure: Measure,
    where: str = "true",
    windows: tuple[int, ...] = (),
    **own: Any,
) -> Feature:
    """A feature ``x`` without words; ``own`` is what else is not as usual."""
    words = Phrases("none", "one", "{n}")
    usual = {"name": "x", "unit": "rows", "signal": "s", "en": words, "es": words}
    usual["currency"] = "currency" if own.get("unit") == "money" else None
    return Feature(events=table, measure=measure, where=where, windows=windows, **(usual | own))


def measured(
    features: Iterable[Feature | Derived], tables: Events, moments: Sequence[datetime]
) -> pl.DataFrame:
    """One row per moment, in their order; one column per feature and window."""
    pairs = {"subscriber_id": ["ann"] * len(moments), "as_of": list(moments)}
    pairs_frame = pl.DataFrame(pairs, {"subscriber_id": pl.String, "as_of": MOMENT})
    return build_features(tables, features, pairs_frame).drop("subscriber_id", "as_of")


def after(
    features: Iterable[Feature | Derived], days: float, **tables: list[Row]
) -> dict[str, Any]:
    """The columns by name, as of some days after ``EVENT``."""
    moment = EVENT + timedelta(days=days)
    return measured(features, events(**tables), [moment]).row(0, named=True)


def at_window_ends(feature: Feature, event: Row) -> dict[str, list[Any]]:
    """By column, at which moments a window holds an event of ``EVENT``.

    Returns:
        Four values: as of the event, a microsecond later, as many days later as the window is long,
        and a microsecond after that.
    """
    found: dict[str, list[Any]] = {}
    for column in feature.columns:
        length = timedelta(days=column.days or 0)
        moments = [EVENT, EVENT + TICK, EVENT + length, EVENT + length + TICK]
        frame = measured([feature], events(**{feature.events.name: [event]}), moments)
        found[column.name] = frame[column.name].to_list()
    return found


def as_it_becomes_known(feature: Feature, event: Row) -> list[Any]:
    """Its first column with the event known two days late: as of then, and a microsecond later."""
    known = EVENT + timedelta(days=2)
    late = event | {"known_at": _text(known)}
    frame = measured([feature], events(**{feature.events.name: [late]}), [known, known + TICK])
    return frame[feature.columns[0].name].to_list()


def changed_by(features: Iterable[Feature | Derived], **tables: list[Row]) -> set[str]:
    """The features of which any column, a day after ``EVENT``, is not as without any event."""
    features = tuple(features)
    found, empty = after(features, 1, **tables), after(features, 1)
    return {
        feature.name
        for feature in features
        if any(found[column.name] != empty[column.name] for column in feature.columns)
    }


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
