"""MySQL and MariaDB by PyMySQL, an extra: rows are read from the server as they are needed."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any

from perdura.sources.databases.address import BadDatabase, DatabaseAddress
from perdura.sources.databases.queries import decoded, named, select

BATCH = 20_000
_PORT = 3306
_NO_ZONE = 1298
_WHOLE = ("TINY", "SHORT", "LONG", "INT24", "YEAR", "LONGLONG")
_FRACTIONS = ("FLOAT", "DOUBLE")


@contextmanager
def open_rows(address: DatabaseAddress, sql: str, zone: str) -> Generator[Any]:
    """The rows that a query gives, as a reader of Arrow batches, in a session that cannot write."""
    import pyarrow as pa

    with closing(_connect(address)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        _set_zone(cursor, zone)
        cursor.execute("START TRANSACTION READ ONLY")
        cursor.execute(select(sql))
        names = [column[0] for column in cursor.description]
        named(names)
        # Whole numbers and floats as they are; all else, decimals and times among it, as text.
        kinds = import_module("pymysql.constants.FIELD_TYPE")
        types = dict.fromkeys((getattr(kinds, name) for name in _WHOLE), pa.int64())
        types |= dict.fromkeys((getattr(kinds, name) for name in _FRACTIONS), pa.float64())
        columns = [types.get(column[1], pa.string()) for column in cursor.description]
        schema: Any = pa.schema(list(zip(names, columns, strict=True)))
        yield pa.RecordBatchReader.from_batches(schema, _batches(cursor, schema))


def _connect(address: DatabaseAddress) -> Any:
    connect: Any = import_module("pymysql").connect
    return connect(
        host=address.host or "localhost",
        port=address.port or _PORT,
        user=address.user,
        password=address.password,
        database=address.database,
        unix_socket=address.options.get("unix_socket"),
        ssl_ca=address.options.get("ssl_ca"),
        charset="utf8mb4",
        cursorclass=import_module("pymysql.cursors").SSCursor,
        # Without decoders values stay text: 0000-00-00 is no date of Python's.
        conv=import_module("pymysql.converters").encoders,
    )


def _set_zone(cursor: Any, zone: str) -> None:
    """Times of type TIMESTAMP come as clocks of that zone show them."""
    try:
        cursor.execute(f"SET time_zone = '{'+00:00' if zone == 'UTC' else zone}'")
    except Exception as error:
        if error.args[:1] != (_NO_ZONE,):
            raise
        raise BadDatabase(
            f"the server knows no time zone {zone!r}, as its own tables of zones are empty; fill "
            "them (mysql_tzinfo_to_sql), or select times in UTC and leave timezone out"
        ) from None


def _batches(cursor: Any, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    while batch := cursor.fetchmany(BATCH):
        columns = zip(*batch, strict=True)
        yield pa.record_batch(
            [
                pa.array([decoded(value) for value in values], pa.string()).cast(kind)
                for values, kind in zip(columns, schema.types, strict=True)
            ],
            schema=schema,
        )
