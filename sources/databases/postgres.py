"""PostgreSQL by ADBC: rows arrive as Arrow, batch by batch."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import quote, urlencode

from perdura.sources.databases.address import DatabaseAddress
from perdura.sources.databases.queries import named, quoted, select

#: Types of PostgreSQL that a mapping reads as they are; all others it reads as text.
_AS_THEY_ARE = {
    "bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "name",
}  # fmt: skip
_TIMES = {"date", "timestamp", "timestamptz"}


@contextmanager
def open_rows(address: DatabaseAddress, sql: str, zone: str) -> Generator[Any]:
    """The rows that a query gives, as a reader of Arrow batches, in a session that cannot write."""
    from adbc_driver_postgresql import dbapi

    connect: Any = dbapi.connect
    with connect(_uri(address)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        cursor.execute(f"SET TIME ZONE '{zone}'")
        connection.commit()
        fields = list(cursor.adbc_execute_schema(select(sql)))
        named([field.name for field in fields])
        columns: list[str] = []
        for field in fields:
            own, metadata = quoted(field.name), cast("dict[bytes, bytes]", field.metadata or {})
            kind = metadata.get(b"POSTGRESQL:type", b"").decode()
            # Infinity is how PostgreSQL writes "never"; Arrow has no such time.
            finite = f"CASE WHEN isfinite({own}) THEN {own} END AS {own}"
            other = own if kind in _AS_THEY_ARE else f"{own}::text AS {own}"
            columns.append(finite if kind in _TIMES else other)
        cursor.execute(select(sql, ", ".join(columns)))
        yield cursor.fetch_record_batch()


def _uri(address: DatabaseAddress) -> str:
    """Written anew: what libpq cannot read of an address it would repeat, passwords too."""
    user = quote(address.user, safe="")
    if address.password:
        user += f":{quote(address.password, safe='')}"
    host = f"[{address.host}]" if ":" in address.host else address.host
    port = f":{address.port}" if address.port else ""
    options = f"?{urlencode(address.options)}" if address.options else ""
    return f"postgresql://{user}@{host}{port}/{quote(address.database, safe='')}{options}"
