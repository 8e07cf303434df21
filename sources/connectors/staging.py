"""Frames of a connector written as Parquet, so that tables read them like files."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from perdura.sources.connectors.connection import Connection, or_rather
from perdura.sources.connectors.connector import BadConnection, Frame, NotAsNeeded, Unavailable
from perdura.sources.connectors.known import open_connector
from perdura.sources.error_texts import without_values
from perdura.sources.landing.full_disk import is_full
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE, StagedFrame, Unfetched

_ROW_GROUP = 128_000
#: What Polars raises of data that are not what they are taken for.
_NOT_AS_TAKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


def stage(
    connection: Connection, since: datetime | None, until: datetime
) -> Mapping[str, StagedFrame | Unfetched]:
    """Each frame that is wanted of a connection, in its ``scratch``, by its name.

    Rows stream from the vendor's files to ours: no frame is whole in memory.

    Raises:
        BadConnection: A frame is wanted that the connector does not have, or its section means
            nothing.
        Unavailable: Nothing of the vendor's data can be had.
    """
    connector = open_connector(connection)
    for name in sorted(connection.wanted):
        if name not in connector.frames:
            raise BadConnection(
                f"{connection.mapping.name}: file '{connection.name}:{name}': connector "
                f"{connection.connector} has no frame {name!r}"
                f"{or_rather(name, connector.frames)}"
            )
    connection.scratch.mkdir(parents=True, exist_ok=True)
    try:
        fetched = connector.fetch(since, until)
    except (*_NOT_AS_TAKEN, OSError) as error:
        if is_full(error):
            raise
        raise Unavailable(_not_as_taken(connection, error)) from None
    return {name: _stage(connection, name, fetched.get(name)) for name in sorted(connection.wanted)}


def _stage(
    connection: Connection, name: str, frame: Frame | Unavailable | None
) -> StagedFrame | Unfetched:
    if isinstance(frame, Unavailable):
        return Unfetched(str(frame), is_there=isinstance(frame, NotAsNeeded))
    if frame is None:
        return Unfetched(
            f"{connection.connector} gives no {name!r}: nothing of the kind is in what "
            f"[connect.{connection.name}] names"
        )
    try:
        path = connection.scratch / f"{name}.parquet"
        rows = frame.rows.with_columns(
            pl.col(FILE).cast(pl.String), pl.col(ROW_IN_FILE).cast(pl.UInt32)
        )
        rows.sink_parquet(path, row_group_size=_ROW_GROUP, maintain_order=True)
        broken = frame.broken.select(BROKEN_ROWS.names()).cast(BROKEN_ROWS)
        return StagedFrame(path, broken, frame.notes)
    except Unavailable as error:
        return Unfetched(str(error))
    except (*_NOT_AS_TAKEN, OSError) as error:
        if is_full(error):
            raise
        return Unfetched(_not_as_taken(connection, error))


def _not_as_taken(connection: Connection, error: BaseException) -> str:
    """What to say of data that are not what the connector takes them for; no value of them."""
    return (
        f"what [connect.{connection.name}] names is not what {connection.connector} exports "
        f"({without_values(error)}); fetch it again, or look for a column that changed"
    )
