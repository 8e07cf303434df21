"""SQLite by Python's own module, whose values are typed one by one: columns get one type first."""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from perdura.sources.databases.address import BadDatabase, DatabaseAddress
from perdura.sources.databases.queries import decoded, named, quoted, select

BATCH = 50_000


@contextmanager
def open_rows(address: DatabaseAddress, sql: str, zone: str) -> Generator[Any]:  # noqa: ARG001
    """The rows that a query gives, as a reader of Arrow batches; the file is opened to be read."""
    import pyarrow as pa

    file = Path(address.database)
    if not file.is_file():
        raise BadDatabase(f"there is no file {file}; write the path of the database's file")
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")  # both looks at the rows see the same ones
        names = [column[0] for column in connection.execute(f"{select(sql)} LIMIT 0").description]
        named(names)
        types = _types(connection, sql, names)
        schema: Any = pa.schema(list(zip(names, types, strict=True)))
        connection.text_factory = bytes  # decoded by Arrow, many at once
        # Where a column is text, numbers among it are as SQLite writes them.
        columns = (
            f"CAST({quoted(name)} AS TEXT) AS {quoted(name)}" if kind == "string" else quoted(name)
            for name, kind in zip(names, types, strict=True)
        )
        rows = connection.execute(select(sql, ", ".join(columns)))
        yield pa.RecordBatchReader.from_batches(schema, _batches(rows, schema))


def _types(connection: sqlite3.Connection, sql: str, names: list[str]) -> list[Any]:
    """The narrowest type that holds every value of each column; text holds all."""
    import pyarrow as pa

    kinds = ", ".join(f"group_concat(DISTINCT typeof({quoted(name)}))" for name in names)
    found = connection.execute(select(sql, kinds)).fetchone()
    types: list[Any] = []
    for words in found:
        kinds_of = {*(words or "").split(",")} - {"null", ""}
        if kinds_of == {"integer"}:
            types.append(pa.int64())
        else:
            types.append(pa.float64() if kinds_of == {"real"} else pa.string())
    return types


def _batches(rows: sqlite3.Cursor, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    while batch := rows.fetchmany(BATCH):
        columns = zip(*batch, strict=True)
        yield pa.record_batch(
            [_array(values, kind) for values, kind in zip(columns, schema.types, strict=True)],
            schema=schema,
        )


def _array(values: tuple[Any, ...], kind: Any) -> Any:
    """Values of a batch; text as UTF-8, of which what is none becomes U+FFFD."""
    import pyarrow as pa

    if kind != pa.string():
        return pa.array(values, kind)
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([decoded(value) for value in values], pa.string())
