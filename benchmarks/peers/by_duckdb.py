# ruff: noqa: S608 - the queries are made of this file's own words
"""DuckDB, two ways: one aggregate for each date, or events repeated for every date they count at.

Both write their result into a table of the database, which is in memory.
"""

from pathlib import Path
from tempfile import gettempdir

import duckdb  # pyright: ignore[reportMissingImports] - in the peers' environment

from benchmarks.workload.task import COLUMNS, LIFE, SUMMED, WINDOWS, ZERO, Inputs

_ALL = (*WINDOWS, LIFE)


def features(inputs: Inputs) -> duckdb.DuckDBPyRelation:
    """One filtered aggregate pass for each date."""
    database = _database(inputs)
    for place, moment in enumerate(inputs.moments):
        as_of = f"TIMESTAMP '{moment:%Y-%m-%d}'"
        known = {name: f"FROM {name} WHERE known_at < {as_of}" for name in _TABLES}
        query = _joined(_sides(known, as_of, ""), "USING (subscriber_id)", as_of)
        database.execute(f"{'INSERT INTO found' if place else 'CREATE TABLE found AS'} {query}")
    return database.table("found")


def features_repeated(inputs: Inputs) -> duckdb.DuckDBPyRelation:
    """Each event beside every date by which it was known, and one aggregate over all."""
    database = _database(inputs)
    dates = ", ".join(f"(TIMESTAMP '{moment:%Y-%m-%d}')" for moment in inputs.moments)
    database.execute(f"CREATE TABLE dates AS SELECT * FROM (VALUES {dates}) dates(as_of)")
    known = {name: f"FROM {name} JOIN dates ON known_at < as_of" for name in _TABLES}
    sides = _sides(known, "as_of", ", as_of")
    database.execute(f"CREATE TABLE found AS {_joined(sides, 'USING (subscriber_id, as_of)')}")
    return database.table("found")


_TABLES = ("payments", "tickets", "subscriptions")


def _database(inputs: Inputs) -> duckdb.DuckDBPyConnection:
    spill = Path(gettempdir()) / "benchmark.duckdb.tmp"
    settings = {"preserve_insertion_order": False, "temp_directory": str(spill)}
    database = duckdb.connect(config=settings)
    for name in _TABLES:
        moments = ", ".join(f"{name}::TIMESTAMP AS {name}" for name in ("happened_at", "known_at"))
        select = f"SELECT * REPLACE ({moments}) FROM '{inputs.table(name)}'"
        database.execute(f"CREATE VIEW {name} AS {select}")
    as_of = "SELECT subscriber_id, as_of::TIMESTAMP AS as_of"
    database.execute(f"CREATE VIEW spine AS {as_of} FROM '{inputs.spine}'")
    return database


def _sides(known: dict[str, str], as_of: str, keys: str) -> list[str]:
    """The queries whose results are joined, one row per subscriber and date."""
    by = f"SELECT subscriber_id{keys}"
    each = f"GROUP BY subscriber_id{keys}"
    ticket = f"{by}, ticket_id, {_last('opened')} AS opened, {_last('resolved')} AS resolved"
    tickets = f"{ticket} {known['tickets']} {each}, ticket_id"
    still = "count(*) FILTER (opened > resolved OR (opened NOTNULL AND resolved IS NULL))"
    first = "min(happened_at) FILTER (kind = 'started')"
    return [
        f"{by}, {', '.join(_of_payments(as_of))} {known['payments']} {each}",
        f"{by}, {', '.join(_of_tickets(as_of))} {known['tickets']} {each}",
        f"{by}, {still} AS tickets_open FROM ({tickets}) {each}",
        f"{by}, {_days(first, as_of)} AS tenure {known['subscriptions']} {each}",
    ]


def _of_payments(as_of: str) -> list[str]:
    columns = [
        f"{_days(_last('paid'), as_of)} AS since_paid",
        f"{_days(_last('failed'), as_of)} AS since_failed",
    ]
    for days in _ALL:
        inside = f"happened_at >= {as_of} - INTERVAL {days} DAY"
        columns += [
            f"count(*) FILTER ({inside}) AS payments_{days}d",
            f"sum(amount) FILTER (kind = 'paid' AND {inside}) AS paid_sum_{days}d",
            f"count(*) FILTER (kind = 'failed' AND {inside}) AS failed_{days}d",
            f"sum(amount) FILTER (kind = 'refunded' AND {inside}) AS refunded_sum_{days}d",
        ]
    return columns


def _of_tickets(as_of: str) -> list[str]:
    columns = [f"{_days(_last('opened'), as_of)} AS since_ticket"]
    for days in _ALL:
        inside = f"happened_at >= {as_of} - INTERVAL {days} DAY"
        opened = f"kind = 'opened' AND {inside}"
        columns.append(f"count(*) FILTER ({opened}) AS tickets_{days}d")
        if days == LIFE:
            continue
        urgent = f"priority IN ('high', 'urgent') AND {opened}"
        columns += [
            f"count(*) FILTER ({urgent}) AS urgent_{days}d",
            f"avg(hours) FILTER (kind = 'replied' AND {inside}) AS reply_hours_{days}d",
            f"avg(score) FILTER (kind = 'rated' AND {inside}) AS score_{days}d",
        ]
    return columns


def _joined(sides: list[str], using: str, as_of: str = "") -> str:
    """The sixty columns of every row of the spine."""
    filled = {name: f"coalesce({name}, 0)" for name in ZERO}
    filled |= {
        f"failed_share_{days}d": f"failed_{days}d / nullif(payments_{days}d, 0)" for days in WINDOWS
    }
    filled |= {
        f"{name}_trend": f"3 * coalesce({name}_30d, 0) / nullif({name}_90d, 0)" for name in SUMMED
    }
    columns = ", ".join(f"({filled.get(name, name)})::DOUBLE AS {name}" for name in COLUMNS)
    joins = " ".join(f"LEFT JOIN ({side}) side{at} {using}" for at, side in enumerate(sides))
    where = f"WHERE spine.as_of = {as_of}" if as_of else ""
    return f"SELECT subscriber_id, spine.as_of, {columns} FROM spine {joins} {where}"


def _last(kind: str) -> str:
    return f"max(happened_at) FILTER (kind = '{kind}')"


def _days(moment: str, as_of: str) -> str:
    return f"date_diff('microsecond', {moment}, {as_of}) / 86400e6"
