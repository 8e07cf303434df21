"""SQL of a query of the mapping: as a part of a SELECT, so that it can be nothing else."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from perdura.sources.databases.address import BadDatabase, Kind
from perdura.sources.staged import WATERMARK

_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
#: How many of each there are in a second.
_EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}


@dataclass(frozen=True, slots=True)
class Watermark:
    """What says how new a row is, so that only new rows are read.

    Attributes:
        sql: A column of the query, or an expression in the database's SQL.
        since: Rows that are older (UTC) are left out; ``None``: all are read.
        zone: Time zone of times that do not tell theirs.
        time_format: How it is written where it is no time: a number since 1970 or a strptime
            pattern.
    """

    sql: str
    since: datetime | None
    zone: str
    time_format: str | None = None

    def literal(self, kind: Kind) -> str:
        """The start of the day of ``since`` where the times were written down, in SQL.

        So it compares with days, and with texts that begin with one.
        """
        start = (self.since or _FIRST).astimezone(ZoneInfo(self.zone))
        start = start.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.time_format in _EPOCHS:
            return str(int(start.timestamp()) * _EPOCHS[self.time_format])
        if self.time_format and self.time_format != "iso":
            return f"'{start.strftime(self.time_format)}'"
        day = f"{start:%Y-%m-%d}"
        return f"'{day}'" if kind == "sqlite" else f"TIMESTAMP '{day} 00:00:00'"


def quoted(name: str, mark: str = '"') -> str:
    """A name of a table or a column, whatever signs it has; MySQL's ``mark`` is a backtick."""
    return mark + name.replace(mark, 2 * mark) + mark


def decoded(value: Any) -> str | None:
    """A value that a driver gives as text or as its bytes; what is no UTF-8 becomes U+FFFD."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def select(query: str, columns: str = "*") -> str:
    """A SELECT of a query's rows. What is no query cannot stand there."""
    # The query is what the operator wrote, for a session that only reads.
    bare = query.strip().rstrip(";").rstrip()
    return f"SELECT {columns} FROM (\n{bare}\n) AS rows_of_query"  # noqa: S608


def newer(query: str, kind: Kind, watermark: Watermark) -> str:
    """The query's rows with their watermarks, and without those that are older than its start.

    A row of which nothing tells how new it is stays.
    """
    name = quoted(WATERMARK, "`" if kind == "mysql" else '"')
    every = select(query, f"rows_of_query.*, ({watermark.sql}) AS {name}")
    if watermark.since is None:
        return every
    start = watermark.literal(kind)
    return f"{every} WHERE ({watermark.sql}) >= {start} OR ({watermark.sql}) IS NULL"


def named(names: Sequence[str]) -> None:
    """Refuse columns without names of their own.

    Raises:
        BadDatabase: Two have the same, or one has none.
    """
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice or "" in names:
        raise BadDatabase(
            f"its query names {f'{twice[0]!r} twice' if twice else 'a column nothing'}; give each "
            "column a name of its own: SELECT a.id AS account_id, ..."
        )


def since_of(until: datetime | None, overlap: timedelta) -> datetime | None:
    """From when on rows are read again after an extract that ended at ``until``."""
    return None if until is None else until.astimezone(UTC) - overlap
