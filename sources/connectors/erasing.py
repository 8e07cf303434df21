"""What connectors have fetched and keep, without the subscribers who were forgotten."""

import shutil
from collections.abc import Generator, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from perdura.json_values import parse_object
from perdura.sources import connectors
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.known import known_connectors
from perdura.sources.landing.landing import Landing


def fetched_of(landing: Landing, accounts: Sequence[str]) -> dict[Path, int]:
    """How many objects in each file that connectors keep are about the accounts."""
    found: dict[Path, int] = {}
    for store, module, scratch in _stores(landing):
        found |= module.fetched_about(store, landing, accounts, scratch)
    return found


def erase_fetched_of(landing: Landing, accounts: Sequence[str], day: date) -> None:
    """Write what connectors keep anew without the accounts; before their landed events go.

    Of those who asked for help landed events alone tell whose they are. Call it while no other
    process works in the landing.
    """
    for store, module, scratch in _stores(landing):
        module.erase_fetched(store, landing, accounts, scratch, day)


def _stores(landing: Landing) -> Generator[tuple[Path, Any, Path]]:
    """Each store, the module of its connector that erases, and a folder for it to work in.

    What a killed erasure leaves of that folder is one of ``leftovers_of``.

    Raises:
        Unavailable: The state of a store cannot be read. Nothing was erased of it.
    """
    for state in sorted(landing.fetched.glob("*/state.json")):
        name = (parse_object(state.read_bytes()) or {}).get("connector")
        if name not in known_connectors():
            raise Unavailable(
                f"{state}, which says what a connector has fetched, cannot be read, so that no one "
                f"can be erased there; delete the folder {state.parent}, and it is all fetched "
                "again"
            )
        scratch = landing.folder / f"erasing-{uuid4().hex}.part"
        scratch.mkdir()
        try:
            yield state.parent, import_module(f"{connectors.__name__}.{name}.erase"), scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
