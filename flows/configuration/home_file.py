"""The settings file of a home, whose paths stay right when the home is moved or copied."""

import sqlite3
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic_settings import TomlConfigSettingsSource

from perdura.models.registry.store_paths import recorded_store

_PATHS = ("mapping", "actions", "exchange_rates")
_SQLITE = "sqlite:///"


class HomeFile(TomlConfigSettingsSource):
    """``perdura.toml``: its relative paths are relative to its folder.

    An absolute path below the folder that the home was in before, as older versions wrote them, is
    read as one below the home: a copy never reads the original.
    """

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        home = Path(str(file_path)).parent
        before = _before(home)
        return {
            name: _in_home(name, value, home, before)
            for name, value in super()._read_file(file_path).items()
        }


def in_file(path: Path, home: Path) -> str:
    """How a path is written into the file of a home: relative where it lies in it."""
    whole, within = path.absolute(), home.absolute()
    return str(whole.relative_to(within) if whole.is_relative_to(within) else whole)


def _in_home(name: str, value: object, home: Path, before: Path | None) -> object:
    if not isinstance(value, str):
        return value
    if name in _PATHS:
        return str(home / _moved(Path(value).expanduser(), home, before))
    if name == "risk_url" and value.startswith(f"{_SQLITE}/"):
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
