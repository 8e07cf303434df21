"""Entries of the audit put aside beside SQLite's file, while another program writes into that.

One file per entry, in a folder named after the database. Whoever writes next takes them over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from risk.audit import Entry

_ENDING, _UNFINISHED = ".json", ".part"
_AT_A_TIME = 5_000


def folder_of(file: Path) -> Path:
    """Where entries of the database ``file`` are put aside."""
    return file.with_name(f"{file.name}-audit")


def put_aside(file: Path, entries: Sequence[Entry]) -> None:
    """Keep entries beside the database; a power cut takes none of them back.

    Raises:
        OSError: The folder cannot be written.
    """
    folder = folder_of(file)
    folder.mkdir(exist_ok=True)
    for entry in entries:
        _write(folder / f"{entry.audit_id}{_ENDING}", asdict(entry))


def aside(file: Path) -> list[tuple[Path, Entry]]:
    """Entries that wait beside the database, each with its file; 5,000 at most."""
    found: list[tuple[Path, Entry]] = []
    for waiting in sorted(folder_of(file).glob(f"*{_ENDING}"))[:_AT_A_TIME]:
        try:
            told: dict[str, Any] = json.loads(waiting.read_text(encoding="utf-8"))
        except FileNotFoundError:  # another program has taken it over meanwhile
            continue
        at = datetime.fromisoformat(told.pop("at"))
        found.append((waiting, Entry(**told, at=at)))
    return found


def _write(file: Path, told: dict[str, Any]) -> None:
    unfinished = file.with_suffix(_UNFINISHED)
    with unfinished.open("w", encoding="utf-8") as opened:
        json.dump(told | {"at": told["at"].isoformat()}, opened)
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.replace(file)
