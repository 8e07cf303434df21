"""Intercom's objects as JSON lines: one a line, or a page of the API's list a line."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from perdura.json_values import JsonObject, as_object, as_objects
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.intercom.columns import COLUMNS, REQUIRED
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
        writers[kind].add({**one, "updated_at": _time(one.get("updated_at"))}, file, line)
        return
    writers[kind].add(_conversation(one), file, line)
    for part in _items(one.get("conversation_parts"), "conversation_parts"):
        author = as_object(part.get("author"))
        about = {
            "conversation_id": one.get("id"),
            "created_at": _time(part.get("created_at")),
            "author_type": author.get("type"),
            "automatic": bool(author.get("from_ai_agent")),
            "body": "1" if part.get("body") else None,
        }
        writers["parts"].add({**part, **about}, file, line)
    for contact in _contacts(one):
        writers["contacts"].add(contact, file, line)


def _conversation(one: JsonObject) -> dict[str, object]:
    source, rating = as_object(one.get("source")), as_object(one.get("conversation_rating"))
    statistics = as_object(one.get("statistics"))
    times = ("first_admin_reply_at", "first_close_at", "last_close_at", "last_contact_reply_at")
    contacts = _contacts(one)
    return {
        **{name: one.get(name) for name in ("id", "state", "priority")},
        **{name: _time(statistics.get(name)) for name in times},
        "created_at": _time(one.get("created_at")),
        "updated_at": _time(one.get("updated_at")),
        "delivered_as": source.get("delivered_as"),
        "source_type": source.get("type"),
        "contact_id": contacts[0]["id"] if contacts else None,
        "first_contact_reply_at": _time(
            as_object(one.get("first_contact_reply")).get("created_at")
        ),
        "rating": rating.get("rating"),
        # created_at of a rating is when it was asked for.
        "rated_at": _time(rating.get("updated_at")),
    }


def _contacts(one: JsonObject) -> list[dict[str, object]]:
    """The conversation's contacts, the one that began it first; their keys are in it, too."""
    author = as_object(as_object(one.get("source")).get("author"))
    listed = _items(one.get("contacts"), "contacts")
    found: list[dict[str, object]] = [
        {
            "id": contact.get("id"),
            "external_id": contact.get("external_id"),
            "email": author.get("email") if contact.get("id") == author.get("id") else None,
        }
        for contact in listed
    ]
    return sorted(found, key=lambda contact: contact["id"] != author.get("id"))


def _items(value: object, name: str) -> list[JsonObject]:
    """What a list holds: plain, or as ``{"type": "....list", name: [...]}``."""
    return as_objects(as_object(value).get(name, value))


def _time(value: object) -> object:
    """Seconds since 1970 as ISO 8601; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return datetime.fromtimestamp(value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value
