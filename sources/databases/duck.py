"""DuckDB by its own package, an extra: rows arrive as Arrow, batch by batch."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from perdura.sources.databases.address import BadDatabase, DatabaseAddress
from perdura.sources.databases.queries import named, quoted, select

BATCH = 50_000
#: Types that a mapping reads as they are; all others it reads as text.
_AS_THEY_ARE = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
)  # fmt: skip
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


@contextmanager
def open_rows(address: DatabaseAddress, sql: str, zone: str) -> Generator[Any]:
    """The rows that a query gives, as a reader of Arrow batches; the file is opened to be read."""
    connect: Any = import_module("duckdb").connect
    file = Path(address.database)
    if not file.is_file():
        raise BadDatabase(f"there is no file {file}; write the path of the database's file")
    with closing(connect(str(file), read_only=True)) as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        fields: Any = connection.execute(f"DESCRIBE {select(sql)}").fetchall()
        named([name for name, *_ in fields])
        columns: list[str] = []
        for name, kind, *_ in fields:
            own = quoted(name)
            finite = f"CASE WHEN isfinite({own}) THEN {own} END AS {own}"
            other = own if kind in _AS_THEY_ARE else f"CAST({own} AS VARCHAR) AS {own}"
            columns.append(finite if kind in _TIMES else other)
        yield connection.sql(select(sql, ", ".join(columns))).to_arrow_reader(BATCH)
