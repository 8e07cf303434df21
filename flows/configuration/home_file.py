"""The settings file of a home. Its paths stay right when the home is moved or copied."""

import re
import sqlite3
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from perdura.flows.configuration.environment import variable_of
from perdura.flows.configuration.setting_names import by_name, in_groups
from perdura.models.registry.store_paths import recorded_store

_PATHS = ("mapping", "actions", "support.actions", "exchange_rates", "value.exchange_rates")
_URL, _SQLITE = ("risk_url", "risk_table.url"), "sqlite:///"


class BadSettingsFile(ValueError):
    """The file of settings cannot be read."""


class PasswordInFile(ValueError):
    """A password stands in a file that is copied, shown and kept in version control."""


def settings_of_file(file: Path) -> dict[str, Any]:
    """The settings in ``perdura.toml``, by group; none where there is no file.

    Its relative paths are relative to its folder. An absolute path below the folder that the home
    was in before, as older versions wrote them, is read as one below the home: a copy never reads
    the original.

    Raises:
        BadSettingsFile: The file cannot be read.
        PasswordInFile: It holds a password.
        SetTwice: It sets something by its old and by its new name, to different values.
    """
    if not file.is_file():
        return {}
    home, given = file.parent, by_name(_read(file))
    for name in _URL:
        parts = urlsplit(str(given.get(name) or ""))
        if parts.password or "password" in parse_qs(parts.query):
            raise PasswordInFile(
                f"{name} in {file} holds a password, and files are copied and shown; set "
                f"{variable_of('risk_table.url')} in the environment instead, change the password, "
                "and take it out"
            )
    before = _before(home)
    given = {name: _in_home(name, value, home, before) for name, value in given.items()}
    return in_groups(given, str(file))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        what, line = str(error), re.search(r"at line (\d+)", str(error))
        if "Cannot overwrite" in what and line:
            written = file.read_text("utf-8").splitlines()[int(line[1]) - 1]
            name = written.partition("=")[0].strip()
            what = f"line {line[1]} sets {name} a second time; keep one of the two lines"
            if name == "[churn]":
                what += ", churn = '...' as rule = '...' below [churn]"
        raise BadSettingsFile(f"{file.absolute()} cannot be read: {what}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettingsFile(f"{file.absolute()} cannot be read: {error}") from error


def in_file(path: Path, home: Path) -> str:
    """How a path is written into the file of a home: relative where it lies in it."""
    whole, within = path.absolute(), home.absolute()
    return str(whole.relative_to(within) if whole.is_relative_to(within) else whole)


def _in_home(name: str, value: object, home: Path, before: Path | None) -> object:
    if not isinstance(value, str):
        return value
    if name in _PATHS:
        return str(home / _moved(Path(value).expanduser(), home, before))
    if name in _URL and value.startswith(f"{_SQLITE}/"):
        return _SQLITE + str(_moved(Path(value.removeprefix(_SQLITE)), home, before))
    return value


def _moved(path: Path, home: Path, before: Path | None) -> Path:
    if before is None or not path.is_relative_to(before):
        return path
    return home.absolute() / path.relative_to(before)


def _before(home: Path) -> Path | None:
    """Where the home was when its models were last written or read; ``None``: nothing says so."""
    try:
        recorded = recorded_store(home)
    except sqlite3.Error:  # a broken store is reported by what needs the store
        return None
    return recorded.parent if recorded else None
