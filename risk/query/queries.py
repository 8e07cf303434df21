"""The SQL behind the risk table, inside a transaction."""

from __future__ import annotations

import gc
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from perdura.risk.errors import NoNight
from perdura.risk.night import Night
from perdura.risk.schema.all_tables import columns_of
from perdura.risk.schema.declare import Utc
from perdura.risk.schema.in_words import ALL_IN_WORDS
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.loading import insert_all

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_NIGHTS_NAMED = 5


def published_night(connection: sa.Connection, scored_on: date | None = None) -> Night:
    """The night that was published for ``scored_on``, by default the newest.

    Raises:
        NoNight: Says which nights there are.
    """
    if not (there := columns_of(connection, NIGHTS)):
        raise NoNight("no night has been published here yet; score one first")
    # An older version made the table without some of its columns.
    query = sa.select(*(c for c in NIGHTS.c if c.name in there))
    query = query.order_by(NIGHTS.c.scored_on.desc()).limit(1)
    if scored_on is not None:
        query = query.where(NIGHTS.c.scored_on == scored_on)
    found = connection.execute(query).mappings().first()
    if found is None:
        raise NoNight(f"asked for {scored_on or 'the newest night'}; {_nights(connection)}")
    return Night(**found)


def dates_of_nights(connection: sa.Connection) -> set[date]:
    """The dates of all nights in the table but trials; none where there is no table yet."""
    if not (columns := columns_of(connection, NIGHTS)):
        return set()
    query = sa.select(NIGHTS.c.scored_on)
    if NIGHTS.c.trial.name in columns:
        query = query.where(NIGHTS.c.trial.is_not(True))
    return set(connection.scalars(query))


def is_published(connection: sa.Connection, night: Night) -> bool:
    """Whether the night is there already, with the same content and all its rows."""
    rows = sa.select(sa.func.count()).where(RISK.c.scored_on == night.scored_on)
    same = sa.select(NIGHTS.c.rows).where(
        NIGHTS.c.scored_on == night.scored_on, NIGHTS.c.fingerprint == night.fingerprint
    )
    return connection.scalar(same) == connection.scalar(rows)


def clear_night(connection: sa.Connection, scored_on: date) -> None:
    """Take the night out, if there is one."""
    for table in (RISK, PHRASES, NIGHTS):
        connection.execute(sa.delete(table).where(table.c.scored_on == scored_on))


def insert_rows(connection: sa.Connection, night: Night, rows: sa.Select[Any]) -> None:
    """Insert staged rows with the columns that all rows share; columns of neither are null."""
    staged = rows.selected_columns.keys()
    shared = {c.name: c for c in RISK.c if c.name not in staged and hasattr(night, c.name)}
    values = (sa.literal(getattr(night, name), c.type) for name, c in shared.items())
    whole = rows.add_columns(*values)
    connection.execute(sa.insert(RISK).from_select([*staged, *shared], whole))


def insert_phrases(connection: sa.Connection, night: Night, phrases: pl.DataFrame) -> None:
    """Insert what the rows of a night say: ``number`` and words, as of ``PHRASES``.

    Raises:
        BadScores: A text holds NUL, which PostgreSQL cannot keep.
    """
    import polars as pl

    if connection.dialect.name == "postgresql":
        from perdura.risk.store.postgres_bulk import refuse_nul

        refuse_nul(phrases)
    dated = phrases.with_columns(scored_on=pl.lit(night.scored_on))
    insert_all(connection, PHRASES, dated)


def insert_night(connection: sa.Connection, night: Night) -> None:
    """Insert the night's own row."""
    connection.execute(sa.insert(NIGHTS).values(asdict(night)))


def nights_of(subscriber_id: str) -> sa.Select[Any]:
    """All rows of one subscriber, oldest first.

    Looked up night by night in the primary key: there is no index that starts with
    ``subscriber_id``, as ``risk.schema.tables`` explains.
    """
    nights = sa.select(NIGHTS.c.scored_on)
    query = sa.select(RISK).where(RISK.c.scored_on.in_(nights))
    return query.where(RISK.c.subscriber_id == subscriber_id).order_by(RISK.c.scored_on)


def offers_of(connection: sa.Connection, night: Night, top: int) -> list[dict[str, Any]]:
    """Subscribers of a night to offer an upgrade, likeliest first; none in a table without it."""
    if RISK.c.advice.name not in columns_of(connection, RISK):
        return []
    # In the index's own words: else SQLite does not see that it holds them.
    due = RISK.c.advice == sa.literal_column("'offer'")
    query = sa.select(RISK).where(RISK.c.scored_on == night.scored_on, due)
    return records(connection, query.order_by(RISK.c.offer.desc(), "subscriber_id").limit(top))


def frame(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    """The rows of ``risk`` that ``query`` finds, with the types that pandas has for them."""
    import pandas as pd

    # Millions of small lists that all stay: searching them for garbage doubled the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        rows = connection.execute(_as_made(connection, query))
        found = pd.DataFrame.from_records(rows.fetchall(), columns=list(rows.keys()))
    finally:
        if collecting:
            gc.enable()
    return found.astype({name: _pandas_type(RISK.c[name]) for name in found.columns})


def records(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """The rows of ``risk`` that ``query`` finds, as plain Python values."""
    rows = connection.execute(_as_made(connection, query))
    return [dict(row) for row in rows.mappings()]


def _as_made(connection: sa.Connection, query: sa.Select[Any]) -> sa.Select[Any]:
    """The query of whole rows in words; null for columns that an older version's table lacks."""
    there = columns_of(connection, RISK)
    if there.issuperset(RISK.c.keys()) and columns_of(connection, PHRASES):
        return query.with_only_columns(*ALL_IN_WORDS)
    columns = (RISK.c[declared.name] for declared in RISK_COLUMNS)
    return query.with_only_columns(
        *(c if c.name in there else sa.literal(None, c.type).label(c.name) for c in columns)
    )


def _pandas_type(column: sa.Column[Any]) -> str:
    match column.type:
        case sa.Date():
            return "datetime64[us]"
        case Utc():
            return "datetime64[us, UTC]"
        case sa.Text():
            return "str"
        case sa.Float():
            return "float64"
        case sa.Integer():
            return "Int64" if column.nullable else "int64"
        case _:
            return "object"


def _nights(connection: sa.Connection) -> str:
    """Which nights there are, in words; the newest by name."""
    days = connection.scalars(sa.select(NIGHTS.c.scored_on).order_by(NIGHTS.c.scored_on)).all()
    if not days:
        return "no night has been published here yet; score one first"
    named = ", ".join(str(day) for day in days[-_NIGHTS_NAMED:])
    older = len(days) - _NIGHTS_NAMED
    return f"published: {named}" + (f" and {older} older, from {days[0]} on" if older > 0 else "")
