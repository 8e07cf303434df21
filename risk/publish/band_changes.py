"""A night beside the one before: bands that do not flicker, moves, and the reasons for them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from perdura.risk.publish.phrases import Phrasebook
from perdura.risk.publish.ranking import Bands
from perdura.risk.query.phrases import reasons_in_full
from perdura.risk.query.trial import of_kind
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.threads import ahead

if TYPE_CHECKING:
    import polars as pl

Reasons = list[dict[str, Any]]
#: Reasons in the night before, by subscriber, of some subscribers.
ReasonsOf = Callable[[list[str]], dict[str, Reasons]]

#: Columns about the night before; null where there is none.
MOVES = ("band_before", "risk_before", "moved_by_phrase")

#: Columns by what their names begin with: of time since, or until, an event.
_AGES = ("days_since_", "days_to_")
#: Of these the event is the beginning: it never comes again for a subscriber scored before.
_TENURES = ("days_since_first_start", "days_since_first_paid")
#: Columns that describe a subscription or its payment. Their changes have events of their own
#: (a downgrade, a price rise).
_DESCRIBES = (
    "plan",
    "interval_months",
    "quantity",
    "mrr",
    "currency",
    "country",
    "payment_method",
    "payment_currency",
)

_AT_A_TIME = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class NightBefore:
    """The night before one: its day, and the fingerprint of its content."""

    scored_on: date
    fingerprint: str


def night_before(
    connection: sa.Connection, scored_on: date, *, trial: bool = False
) -> NightBefore | None:
    """The last night that is there before that day; ``None`` where there is none.

    A trial is compared with trials, and a champion's night with champions' nights.
    """
    query = sa.select(NIGHTS.c.scored_on, NIGHTS.c.fingerprint).where(
        NIGHTS.c.scored_on < scored_on, of_kind(trial=trial)
    )
    found = connection.execute(query.order_by(NIGHTS.c.scored_on.desc()).limit(1)).first()
    return None if found is None else NightBefore(*found)


def beside(
    connection: sa.Connection,
    day: date,
    windows: Iterable[pl.DataFrame],
    bands: Bands,
    phrasebook: Phrasebook,
    *,
    days: float = 1.0,
) -> Generator[pl.DataFrame, None, None]:
    """The windows of a night, in order of ``subscriber_id``, each beside the night of ``day``.

    That one was ``days`` before. The next window is made ready by another thread, which has the
    connection to itself.
    """

    def reasons_of(ids: list[str]) -> dict[str, Reasons]:
        found: dict[str, Reasons] = {}
        for first in range(0, len(ids), _AT_A_TIME):
            found |= reasons_in_full(connection, day, ids[first : first + _AT_A_TIME])
        return found

    def compared(rows: pl.DataFrame) -> pl.DataFrame:
        before = _rows_of(connection, day, rows)
        return moved(rows, before, bands, reasons_of, phrasebook, days=days)

    return ahead(compared, windows, threads=1)


def moved(
    rows: pl.DataFrame,
    before: pl.DataFrame,
    bands: Bands,
    reasons_of: ReasonsOf,
    phrasebook: Phrasebook,
    *,
    days: float = 1.0,
) -> pl.DataFrame:
    """The rows with ``band`` as it settles, and the columns of ``MOVES``.

    A subscriber stays in a band until the risk is less than ``bands.stays`` of where it begins
    (Schmitt, "A thermionic trigger", 1938), so that a list does not flicker.

    Args:
        rows: One row per subscriber: ``subscriber_id``, ``risk``, ``reasons`` as numbered.
        before: Of the night before: ``subscriber_id``, ``band_before``, ``risk_before``.
        bands: Where bands begin.
        reasons_of: Reasons in the night before, of subscribers in another band.
        phrasebook: Of the night; a reason that went is added to it.
        days: Between the nights.
    """
    import polars as pl

    compared = (
        rows.drop(MOVES)
        .join(before, on="subscriber_id", how="left", maintain_order="left")
        .with_columns(band=_band_kept(bands))
    )
    moving = compared.filter(pl.col("band") != pl.col("band_before"))
    earlier = reasons_of(moving["subscriber_id"].to_list())
    columns = moving.select("subscriber_id", "risk", "risk_before", "reasons").iter_rows()
    reasons = [
        (id_, _why(risk > risk_before, phrasebook.reasons(now), earlier.get(id_, []), days))
        for id_, risk, risk_before, now in columns
    ]
    why = pl.DataFrame(
        [(id_, reason and phrasebook.number_of(reason)) for id_, reason in reasons],
        schema={"subscriber_id": pl.String, "moved_by_phrase": pl.Int64},
        orient="row",
    )
    return compared.join(why, on="subscriber_id", how="left", maintain_order="left").select(
        rows.columns
    )


def _band_kept(bands: Bands) -> pl.Expr:
    import polars as pl

    risk, was = pl.col("risk"), pl.col("band_before")
    high = pl.when(was == "high").then(bands.high * bands.stays).otherwise(bands.high)
    medium = pl.when(was != "low").then(bands.medium * bands.stays).otherwise(bands.medium)
    lower = pl.when(risk >= medium).then(pl.lit("medium")).otherwise(pl.lit("low"))
    return pl.when(risk >= high).then(pl.lit("high")).otherwise(lower)


def _why(rose: bool, now: Reasons, then: Reasons, days: float) -> dict[str, Any] | None:
    """The strongest reason that came, or went; else one with another text than before.

    Only one that can have changed in the ``days`` between the nights.
    """
    here, there = (now, then) if rose else (then, now)
    changed = [reason for reason in here if _can_change(reason, rose, days)]
    for key in ("signal", "text"):
        known = {reason[key] for reason in there}
        new = (reason for reason in changed if reason[key] not in known)
        if found := next(new, None):
            return found
    return None


def _can_change(reason: dict[str, Any], rose: bool, days: float) -> bool:
    """Whether the column of a reason can have changed since the night before.

    A plan, a price or the time as a customer did not. Time since an event changes by itself and is
    news only where the event came between the nights.
    """
    column = reason["column_name"] or ""
    if column in _DESCRIBES:
        return False
    if not column.startswith(_AGES):
        return True
    value = reason["value"]
    return rose and column not in _TENURES and value is not None and 0 <= value <= days


def _rows_of(connection: sa.Connection, day: date, rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    ids = rows["subscriber_id"]
    query = sa.select(RISK.c.subscriber_id, RISK.c.band, RISK.c.risk).where(
        RISK.c.scored_on == day, RISK.c.subscriber_id.between(ids[0], ids[-1])
    )
    found = connection.execute(query).all()
    names = {"subscriber_id": pl.String, "band_before": pl.String, "risk_before": pl.Float64}
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=kind)
            for (name, kind), values in zip(names.items(), columns, strict=True)
        ]
    )
