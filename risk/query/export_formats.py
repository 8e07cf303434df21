"""Rows of the newest night as CSV, NDJSON and Parquet, piece by piece."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.spreadsheets import harmless_cell
from perdura.risk.schema.declare import Utc
from perdura.risk.schema.views import CURRENT

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["csv", "ndjson", "parquet"]

#: What all rows of a night share comes from the night.
SHARED = ("scored_on", "model_version", "horizon_days", "trial", "valid_until", "degraded")
#: Columns of the rows that are JSON already.
JSON = ("reasons",)

Rows = Iterator[Sequence[Sequence[Any]]]

_OWN = tuple(c.name for c in CURRENT.c if c.name not in SHARED)
_MOMENT, _REASONS = _OWN.index("state_since"), _OWN.index("reasons")


def csv_of(night: Night, rows: Rows) -> Iterator[bytes]:
    """A heading, then a line for each row, safe in spreadsheets; what is unknown is empty."""
    return raw_csv_of(night, ([tuple(map(harmless_cell, row)) for row in some] for some in rows))


def raw_csv_of(night: Night, rows: Rows) -> Iterator[bytes]:
    """As ``csv_of``, with text as it is in the table."""
    buffer = io.StringIO()
    # RFC 4180; with another end of line a lone carriage return would not be quoted.
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow((*_OWN, *SHARED))
    shared = [file_value(value) for value in _shared(night).values()]
    for some in rows:
        writer.writerows(
            (*row[:_MOMENT], file_value(row[_MOMENT]), *row[_MOMENT + 1 :], *shared) for row in some
        )
        yield _taken(buffer)
    yield _taken(buffer)


def ndjson_of(night: Night, rows: Rows) -> Iterator[bytes]:
    """A JSON object on each line."""
    encode = json.JSONEncoder(ensure_ascii=False, default=file_value).encode
    shared = encode(_shared(night))[1:]
    names = (*_OWN[:_REASONS], *_OWN[_REASONS + 1 :])
    for some in rows:
        lines: list[str] = []
        for row in some:
            others = (*row[:_REASONS], *row[_REASONS + 1 :])
            fields = encode(dict(zip(names, others, strict=True)))[:-1]
            lines.append(f'{fields}, "reasons": {row[_REASONS]}, {shared}\n')
        yield "".join(lines).encode()


def parquet_of(night: Night, rows: Rows) -> Iterator[bytes]:
    """A row group for each batch of rows; moments with UTC, lists as JSON text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, sink = _schema(), _Pieces()
    shared = {**_shared(night), "degraded": json.dumps(night.degraded)}
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for some in rows:
            columns: dict[str, Any] = dict(zip(_OWN, zip(*some, strict=True), strict=True))
            columns |= {name: [value] * len(some) for name, value in shared.items()}
            writer.write_table(pa.Table.from_pydict(columns, schema=schema))
            yield sink.taken()
    yield sink.taken()


class _Pieces:
    """A file that is given away as it is written."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0
        self.closed = False

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """All is written."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return text


def _shared(night: Night) -> dict[str, Any]:
    return {name: getattr(night, name) for name in SHARED}


def file_value(value: object) -> object:
    """A value as files hold it: moments (UTC) and days by ISO 8601, lists as JSON, others as is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, list) else value


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds: dict[Any, pa.DataType] = {
        sa.Date: pa.date32(),
        Utc: pa.timestamp("us", "UTC"),
        sa.BigInteger: pa.int64(),
        sa.Integer: pa.int64(),
        sa.Float: pa.float64(),
        sa.Boolean: pa.bool_(),
    }
    columns = {c.name: kinds.get(type(c.type), pa.string()) for c in CURRENT.c}
    return pa.schema([(name, columns[name]) for name in (*_OWN, *SHARED)])
