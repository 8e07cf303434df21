"""How a night stands beside the one before: bands that do not flicker, who moved, and by what."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
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
#: The reasons that some of the night before had, by subscriber.
ReasonsOf = Callable[[list[str]], dict[str, Reasons]]

#: What a night says of the one before it; null where there is none.
MOVES = ("band_before", "risk_before", "moved_by_phrase")

#: Columns by what their names begin with: of time since, or until, an event.
_AGES = ("days_since_", "days_to_")
#: Of these the event is the beginning: it never comes again for somebody who was scored before.
_TENURES = ("days_since_first_start", "days_since_first_paid")
#: Columns that describe a subscription or how it is paid for. Where they change, an event of its
#: own (a downgrade, a price rise) tells so.
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

_AT_A_TIME = 500  # ids that one question names


@dataclass(frozen=True, slots=True)
class NightBefore:
    """The night before one: its day, and the fingerprint of what it says."""

    scored_on: date
    fingerprint: str


def night_before(
    connection: sa.Connection, scored_on: date, *, trial: bool = False
) -> NightBefore | None:
    """The last night that is there before that day; ``None`` where there is none.

    What a refused version said is no night before that of a champion, and the other way round.
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

    That one was so many ``days`` before.

    The next one is made ready by another thread, which has the connection to itself.
    """

    def beside_it(rows: pl.DataFrame) -> pl.DataFrame:
        before = _rows_of(connection, day, rows)
        return moved(rows, before, bands, _asked(connection, day), phrasebook, days=days)

    return ahead(beside_it, windows, threads=1)


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

    Whoever is in a band stays in it until the risk is less than ``bands.stays`` of where it begins
    (Schmitt, "A thermionic trigger", 1938), so that a list does not flicker.

    Args:
        rows: One row per subscriber: ``subscriber_id``, ``risk``, ``reasons`` as numbered.
        before: Of the night before: ``subscriber_id``, ``band_before``, ``risk_before``.
        bands: Where bands begin.
        reasons_of: Asked for those of the night before whose band moved.
        phrasebook: Of the night; a reason that went is added to it.
        days: Between the nights.
    """
    import polars as pl

    told = (
        rows.drop(MOVES)
        .join(before, on="subscriber_id", how="left", maintain_order="left")
        .with_columns(band=_settled(bands))
    )
    moving = told.filter(pl.col("band") != pl.col("band_before"))
    earlier = reasons_of(moving["subscriber_id"].to_list())
    why = [
        (who, _why(rose, now, earlier.get(who, []), days))
        for who, rose, now in _moves(moving, phrasebook)
    ]
    why = pl.DataFrame(
        [(who, None if reason is None else phrasebook.number_of(reason)) for who, reason in why],
        schema={"subscriber_id": pl.String, "moved_by_phrase": pl.Int64},
        orient="row",
    )
    return told.join(why, on="subscriber_id", how="left", maintain_order="left").select(
        rows.columns
    )


def _settled(bands: Bands) -> pl.Expr:
    import polars as pl

    risk, was = pl.col("risk"), pl.col("band_before")
    high = pl.when(was == "high").then(bands.high * bands.stays).otherwise(bands.high)
    medium = pl.when(was != "low").then(bands.medium * bands.stays).otherwise(bands.medium)
    lower = pl.when(risk >= medium).then(pl.lit("medium")).otherwise(pl.lit("low"))
    return pl.when(risk >= high).then(pl.lit("high")).otherwise(lower)


def _moves(moving: pl.DataFrame, phrasebook: Phrasebook) -> Iterator[tuple[str, bool, Reasons]]:
    """Who moved, whether up, and their reasons now."""
    told = moving.select("subscriber_id", "risk", "risk_before", "reasons")
    for who, risk, risk_before, reasons in told.iter_rows():
        yield who, risk > risk_before, phrasebook.reasons(reasons)


def _why(rose: bool, now: Reasons, then: Reasons, days: float) -> dict[str, Any] | None:
    """The strongest reason that came, or went; else one that says something else than it did.

    Only one that can have changed in the ``days`` between the nights.
    """
    here, there = (now, then) if rose else (then, now)
    changed = [reason for reason in here if _can_change(reason, rose, days)]
    for told in ("signal", "text"):
        known = {reason[told] for reason in there}
        new = (reason for reason in changed if reason[told] not in known)
        if found := next(new, None):
            return found
    return None


def _can_change(reason: dict[str, Any], rose: bool, days: float) -> bool:
    """Whether what a reason tells of can have changed since the night before.

    A plan, a price or how long somebody has been a customer did not. Time since an event changes by
    itself and is news only where the event came between the nights.
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


def _asked(connection: sa.Connection, day: date) -> ReasonsOf:
    def reasons_of(ids: list[str]) -> dict[str, Reasons]:
        found: dict[str, Reasons] = {}
        for first in range(0, len(ids), _AT_A_TIME):
            found |= reasons_in_full(connection, day, ids[first : first + _AT_A_TIME])
        return found

    return reasons_of
