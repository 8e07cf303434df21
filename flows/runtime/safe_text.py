"""What a library's error says, where that cannot be of a subscriber."""

import sqlite3
from urllib.parse import urlsplit

from perdura.sources.landing.full_disk import is_full

_OURS = "perdura"

_HIDDEN = (
    "what it says is left out, because it may name subscribers; with PERDURA_DEBUG=1 the same "
    "command shows it"
)

# Classes of SQLSTATE with texts of servers, connections, rights and names, never of values.
_WITHOUT_VALUES = {"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"}


def is_ours(error: BaseException) -> bool:
    """Whether an error is of a class of ours; these name no subscriber."""
    return type(error).__module__.partition(".")[0] == _OURS


def safe_text(error: BaseException) -> str:
    """The text of an error that cannot hold values of rows; of any other, that it is left out."""
    inner = getattr(error, "orig", None)  # SQLAlchemy adds statement and parameters to it
    cause = error if inner is None else inner
    if isinstance(cause, sqlite3.Error):  # it names tables and columns, never values
        return str(cause)
    package = type(cause).__module__.split(".")[0]
    if package == "psycopg":
        return _of_postgres(cause)
    if package == "mlflow":  # of runs and versions; only the statement follows that is left out
        return str(cause).split("[SQL:")[0].strip()
    if is_full(cause):
        return "no space left on device"
    if isinstance(cause, MemoryError):
        return "there is not enough memory"
    return _HIDDEN


def host(url: str) -> str:
    """An address without user, password and what stands after the host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def _of_postgres(error: BaseException) -> str:
    state, about = getattr(error, "sqlstate", None), getattr(error, "diag", None)
    if state is None:  # there was no answer: it is about the connection
        return str(error).strip()
    if state[:2] in _WITHOUT_VALUES:
        return f"{getattr(about, 'message_primary', None)} (SQLSTATE {state})"
    names = {
        name: getattr(about, f"{name}_name", None) for name in ("table", "column", "constraint")
    }
    found = ", ".join(f"{name} {value}" for name, value in names.items() if value)
    return f"SQLSTATE {state}{f' ({found})' if found else ''}; {_HIDDEN}"
