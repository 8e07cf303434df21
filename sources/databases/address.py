"""Addresses of databases. They come from the environment: no password stands in a mapping."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Kind = Literal["postgresql", "mysql", "sqlite", "duckdb"]

_KINDS: dict[str, Kind] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
}
_FILES = ("sqlite", "duckdb")
_SUCH_AS = "postgresql://USER@HOST/DATABASE, mysql://..., sqlite:///FILE or duckdb:///FILE"
_SECRETS = {"password", "passwd", "sslpassword"}


class BadDatabase(ValueError):
    """A database's address is none, it cannot be reached, or the query cannot be answered."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a database is.

    Attributes:
        name: The variable that the mapping names, for messages.
        kind: What answers there.
        host: Empty: this machine.
        port: Of the host; ``None``: the usual one.
        user: Who reads.
        password: Never shown.
        database: Its name, or the path of its file.
        options: What else the address says, such as ``sslmode``.
    """

    name: str
    kind: Kind
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def shown(self) -> str:
        """The database in words, without what is secret."""
        if self.kind in _FILES:
            return f"{self.kind} file {self.database}"
        place = f" at {self.host}" if self.host else ""
        return f"{self.kind} database {self.database}{place}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        hidden = (value for name, value in self.options.items() if name in _SECRETS)
        return tuple(value for value in (self.password, *hidden) if value)


def read_address(written: str, folder: Path) -> DatabaseAddress:
    """The address that a mapping names: ``$BILLING_URL``, or written out without a password.

    Args:
        written: As the mapping has it.
        folder: The mapping's, which paths of files start from.

    Raises:
        BadDatabase: A variable is not set, it is no address, or a password is written out.
    """
    _refuse_password(written)
    name = written if re.fullmatch(r"\$\{?\w+\}?", written) else "its address"
    filled = os.path.expandvars(written)
    if missing := re.search(r"\$\{?(\w+)\}?", filled if filled == written else ""):
        raise BadDatabase(
            f"database uses the environment variable {missing[1]}, which is not "
            f"set; set it to an address such as {_SUCH_AS}"
        )
    parts = _split(filled)
    kind = _KINDS.get(parts.scheme.partition("+")[0]) if parts else None
    if parts is None or kind is None:
        raise BadDatabase(f"database: {name} is no address of a database; write {_SUCH_AS}")
    database = unquote(parts.path).removeprefix("/")
    return DatabaseAddress(
        name=name,
        kind=kind,
        host=parts.hostname or "",
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=str(folder / Path(database).expanduser()) if kind in _FILES else database,
        options=dict(parse_qsl(parts.query)),
    )


def _refuse_password(written: str) -> None:
    parts = _split(written)
    given = (
        [parts.password or "", *(v for n, v in parse_qsl(parts.query) if n in _SECRETS)]
        if (parts)
        else []
    )
    if any(secret and "$" not in secret for secret in given):
        raise BadDatabase(
            "an address of a database holds a password, and mappings are copied and shown; set a "
            "variable such as BILLING_URL to the address, write database = '$BILLING_URL', and "
            "change the password"
        )


def _split(url: str) -> SplitResult | None:
    """The parts of an address; none of one that cannot be read, which is not repeated anywhere."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
