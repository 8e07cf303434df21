"""Intercom's objects as JSON lines: one a line, or a page of the API's list a line."""

from collections.abc import Generator, Mapping
from pathlib import Path

from perdura.json_values import JsonObject, as_object
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.intercom.columns import COLUMNS, REQUIRED
from perdura.sources.connectors.intercom.json_rows import (
    contact_rows,
    conversation_row,
    iso_time,
    part_rows,
)
from perdura.sources.connectors.json_lines import read_objects
from perdura.sources.connectors.landed import ReadTable, typed
from perdura.sources.connectors.rows import RowWriter

_KINDS = ("conversations", "contacts")
#: Where a page holds its objects.
_LISTS = ("conversations", "data", "contacts")


def read_json(connection: Connection, folder: Path) -> dict[str, ReadTable]:
    """``conversations``, their ``parts`` and ``contacts``, of all files named for them.

    Those are ``conversations*.jsonl`` and ``contacts*.jsonl``; none is there without its file.
    """
    found = {kind: _files(folder, kind) for kind in _KINDS}
    writers = {
        name: RowWriter(connection.scratch / f"{name}.objects", [*columns])
        for name, columns in COLUMNS.items()
    }
    for kind, files in found.items():
        for file in files:
            shown = connection.shown(file)
            for line, thing in read_objects(file, shown, writers[kind]):
                for one in _unpaged(thing):
                    _add(kind, one, writers, shown, line)
    # A conversation brings its parts and the keys of its contacts along.
    names = (
        [*writers] if found["conversations"] else [kind for kind, files in found.items() if files]
    )
    frames = {name: writers[name].frame() for name in names}
    return {
        name: typed(frame.rows, frame.broken, COLUMNS[name], REQUIRED[name])
        for name, frame in frames.items()
    }


def json_files(folder: Path) -> list[Path]:
    """All files that are read as JSON."""
    return [path for kind in _KINDS for path in _files(folder, kind)]


def _files(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"{kind}*.jsonl"))


def _unpaged(thing: JsonObject) -> Generator[JsonObject]:
    pages = [thing[name] for name in _LISTS if isinstance(thing.get(name), list)]
    if "id" in thing or not pages:
        yield thing
        return
    yield from (as_object(one) for one in pages[0])


def _add(
    kind: str, one: JsonObject, writers: Mapping[str, RowWriter], file: str, line: int
) -> None:
    if kind == "contacts":
        writers[kind].add({**one, "updated_at": iso_time(one.get("updated_at"))}, file, line)
        return
    writers[kind].add(conversation_row(one), file, line)
    for part in part_rows(one):
        writers["parts"].add(part, file, line)
    for contact in contact_rows(one):
        writers["contacts"].add(contact, file, line)
