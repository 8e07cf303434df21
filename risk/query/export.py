"""The newest night in one piece: CSV, NDJSON or Parquet, in as little memory as a few rows take.

All of it is read in one transaction, so it is of one night, however long it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.export_formats import (
    JSON,
    SHARED,
    Format,
    Rows,
    csv_of,
    ndjson_of,
    parquet_of,
    raw_csv_of,
)
from perdura.risk.query.filters import conditions
from perdura.risk.query.list_query import ListQuery
from perdura.risk.schema.views import CURRENT

__all__ = ["MEDIA_TYPES", "Format", "export"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}

#: A row group of Parquet has as many as are read at a time.
_ROWS_AT_A_TIME: dict[Format, int] = {"csv": 1_000, "ndjson": 1_000, "parquet": 10_000}


def export(
    connection: sa.Connection,
    night: Night,
    list_query: ListQuery,
    kind: Format,
    *,
    raw: bool = False,
) -> Iterator[bytes]:
    """The rows of ``list_query``, in order of ``subscriber_id`` and without pages, piece by piece.

    Columns are those of ``risk_current``. Moments are in UTC, lists are JSON. In CSV, text that a
    spreadsheet would run begins with an apostrophe, unless ``raw``. The transaction has
    to last until the last piece is taken.
    """
    writers: dict[Format, Callable[[Night, Rows], Iterator[bytes]]] = {
        "csv": raw_csv_of if raw else csv_of,
        "ndjson": ndjson_of,
        "parquet": parquet_of,
    }
    return writers[kind](night, _rows(connection, list_query, _ROWS_AT_A_TIME[kind]))


def _rows(connection: sa.Connection, list_query: ListQuery, at_a_time: int) -> Rows:
    """Batches of rows, without the columns of the night; JSON as the text that is kept."""
    columns = (
        sa.cast(c, sa.Text).label(c.name) if c.name in JSON else c
        for c in CURRENT.c
        if c.name not in SHARED
    )
    query = sa.select(*columns).where(*conditions(list_query.filters))
    query = query.order_by(CURRENT.c.subscriber_id)
    streamed = connection.execution_options(yield_per=at_a_time).execute(query)
    yield from streamed.partitions()
