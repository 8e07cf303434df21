"""Which version of a connector reads: another one may say otherwise what has landed."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from perdura.sources import connectors
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.known import known_connectors, own_file


def version_of(connection: Connection) -> str:
    """Changes when the code of a section's connector does; empty where there is no such connector.

    Of a connector that is shipped it covers what all of them share.
    """
    if (own := own_file(connection)) is not None:
        return digest([("own", own.read_bytes())]) if own.is_file() else ""
    name = connection.connector
    return shipped_version(name) if name in known_connectors() else ""


@cache
def shipped_version(name: str) -> str:
    """Of all its code; of its ``mapping.toml`` a company has a copy, with a fingerprint."""
    shared = files(connectors.__name__)
    own = shared.joinpath(name)
    return digest([*modules_in(shared, deep=False), *modules_in(own, deep=True)])


def modules_in(folder: Traversable, *, deep: bool) -> Iterator[tuple[str, bytes]]:
    """The name and the text of each module in a folder, by name."""
    for found in sorted(folder.iterdir(), key=lambda one: one.name):
        if found.name.endswith(".py"):
            yield found.name, found.read_bytes()
        elif deep and found.is_dir():
            yield from modules_in(found, deep=True)


def digest(named: Iterable[tuple[str, bytes]]) -> str:
    """Of several texts with their names."""
    whole = hashlib.sha256()
    for name, content in named:
        whole.update(f"{name}:{len(content)}:".encode() + content)
    return whole.hexdigest()[:16]
