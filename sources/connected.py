"""What connectors, queries and object stores give, set aside while tables are extracted."""

import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from perdura.progress import OnProgress
from perdura.sources.connectors.connection import ApiSample, Connection
from perdura.sources.connectors.connector import BadConnection, NotAsNeeded, Unavailable
from perdura.sources.connectors.known import open_connector
from perdura.sources.connectors.staging import stage
from perdura.sources.connectors.version import version_of
from perdura.sources.landing.full_disk import room_in
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.mapping import BadMapping, SourceMapping
from perdura.sources.queried import ask_and_fetch
from perdura.sources.staged import StagedFrame, Unfetched


@contextmanager
def connected(
    mapping: SourceMapping,
    landing: Landing,
    until: datetime,
    on_progress: OnProgress,
    sample: ApiSample | None = None,
) -> Generator[SourceMapping]:
    """The mapping with what is fetched for it; no row of that is kept when the block ends.

    They lie in the landing's folder, which this process has to have alone.

    Raises:
        BadMapping: A section ``[connect.NAME]`` means nothing, or a frame is not there.
        DiskFull: There is no room to set them aside.
    """
    staged: dict[str, StagedFrame | Unfetched] = {}
    forgotten = landing.tombstones()
    connections = {
        name: replace(
            connection_of(mapping, name, wanted, landing.staging / name, landing.fetched / name),
            is_forgotten=forgotten.has,
            on_progress=partial(on_progress, 0, 1),
            sample=sample,
        )
        for name, wanted in mapping.frames.items()
    }
    versions = {name: version_of(connection) for name, connection in connections.items()}
    mapping = replace(mapping, versions=versions)
    try:
        for name, connection in connections.items():
            on_progress(0, 1, f"fetching {name}")
            with room_in(landing.folder):
                frames = _fetch(connection, _since(mapping, name, landing, until), until)
            staged |= {f"{name}:{frame}": found for frame, found in frames.items()}
        staged |= ask_and_fetch(mapping, landing, until, on_progress)
        yield replace(mapping, staged=staged)
    finally:
        shutil.rmtree(landing.staging, ignore_errors=True)


def refuse_bad_connections(mapping: SourceMapping) -> None:
    """Nothing, if every section ``[connect.NAME]`` that is used means something.

    Nothing is fetched. Data that are not there are no fault of the mapping.

    Raises:
        BadMapping: A section means nothing.
    """
    nowhere = Path(os.devnull)
    for name, wanted in mapping.frames.items():
        try:
            open_connector(connection_of(mapping, name, wanted, nowhere, nowhere))
        except Unavailable:
            continue
        except BadConnection as error:
            raise BadMapping(str(error)) from None


def connection_of(
    mapping: SourceMapping, name: str, wanted: frozenset[str], scratch: Path, store: Path
) -> Connection:
    """The section ``[connect.NAME]`` of a mapping."""
    options = dict(mapping.connections[name])
    connector = options.pop("connector", name)
    return Connection(name, str(connector), options, mapping.path, wanted, scratch, store)


def _fetch(
    connection: Connection, since: datetime | None, until: datetime
) -> Mapping[str, StagedFrame | Unfetched]:
    try:
        return stage(connection, since, until)
    except BadConnection as error:
        raise BadMapping(str(error)) from None
    except Unavailable as error:
        unfetched = Unfetched(str(error), is_there=isinstance(error, NotAsNeeded))
        return dict.fromkeys(connection.wanted, unfetched)


def _since(mapping: SourceMapping, name: str, landing: Landing, until: datetime) -> datetime | None:
    """What was known before has been read by extracts of earlier days: of every table that names
    the connection, whole, as the mapping says it now and by this very connector.
    """
    prints = {table: mapping.fingerprint(table) for table in mapping.tables_of(name)}
    own = mapping.versions[name]
    return max(
        (
            day.until
            for date, day in landing.days().items()
            if date < until.date()
            and not prints.keys() & {*day.degraded}
            and prints.items() <= day.mappings.items()
            and all(day.connectors.get(table, {}).get(name) == own for table in prints)
        ),
        default=None,
    )
