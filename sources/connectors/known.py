"""The connectors that there are: one package each, found by its name; or a company's own file."""

from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from perdura.sources import connectors
from perdura.sources.connectors.connection import Connection, or_rather
from perdura.sources.connectors.connector import BadConnection, Connector

_OWN = ".py"


@cache
def known_connectors() -> tuple[str, ...]:
    """Their names, sorted."""
    return tuple(sorted(found.name for found in iter_modules(connectors.__path__) if found.ispkg))


def open_connector(connection: Connection) -> Connector:
    """The connector of a section, its options read and its data found, not yet fetched.

    Raises:
        BadConnection: There is no such connector, or its section means nothing.
        Unavailable: Its data are not where the section says.
    """
    name = connection.connector
    if (own := own_file(connection)) is not None:
        return _own_module(connection, own).connect(connection)
    if name not in known_connectors():
        names = known_connectors()
        raise BadConnection(
            f"{connection.location}: no connector {name!r}{or_rather(name, names)}; a section of "
            f"another name says connector = '...', one's own connector = 'own{_OWN}'"
        )
    return import_module(f"{connectors.__name__}.{name}.connector").connect(connection)


def mapping_of(name: str) -> str:
    """The TOML that says how a connector's frames become events, as it is shipped."""
    return files(f"{connectors.__name__}.{name}").joinpath("mapping.toml").read_text("utf-8")


def own_file(connection: Connection) -> Path | None:
    """The file of a company's own connector; ``None`` where one is named that is shipped."""
    name = connection.connector
    return connection.mapping.parent / Path(name).expanduser() if name.endswith(_OWN) else None


def _own_module(connection: Connection, path: Path) -> ModuleType:
    """A connector that lies beside the mapping; it is run as a part of this program."""
    spec = spec_from_file_location(f"own_connector_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise BadConnection(
            f"{connection.location}: no connector {connection.connector!r}: no file {path}"
        )
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "connect", None)):
        raise BadConnection(
            f"{connection.location}: {connection.connector} has no function connect(connection); "
            "docs/CONNECTORS.md says what it does"
        )
    return module
