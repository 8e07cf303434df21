"""Entries of the audit put aside beside SQLite's file, while another program writes into that.

One file per entry, in a folder named after the database. The next writer takes them over.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from perdura.risk.records.audit import AuditEntry

_LOG = logging.getLogger(__name__)

_ENDING, _UNFINISHED, _BROKEN = ".json", ".part", ".broken"
_AT_A_TIME = 5_000


def folder_of(file: Path) -> Path:
    """Where entries of the database ``file`` are put aside."""
    return file.with_name(f"{file.name}-audit")


def put_aside(database: Path, entries: Sequence[AuditEntry]) -> None:
    """Keep entries beside the database; a power cut takes none of them back.

    Raises:
        OSError: The folder cannot be written.
    """
    folder = folder_of(database)
    folder.mkdir(exist_ok=True)
    for entry in entries:
        values = asdict(entry) | {"at": entry.at.isoformat()}
        file = folder / f"{entry.audit_id}{_ENDING}"
        unfinished = file.with_suffix(_UNFINISHED)
        with unfinished.open("w", encoding="utf-8") as out:
            json.dump(values, out)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)  # of the names
    finally:
        os.close(opened)


def aside(database: Path) -> list[tuple[Path, AuditEntry]]:
    """Entries that wait beside the database, each with its file; 5,000 at most.

    Those of another user that this one may not read are left to others. What is no entry is set
    apart (``.broken``) and logged.
    """
    waiting = sorted(folder_of(database).glob(f"*{_ENDING}"))[:_AT_A_TIME]
    entries: list[tuple[Path, AuditEntry]] = []
    for file in waiting:
        try:
            values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            values["at"] = datetime.fromisoformat(values["at"])
            entries.append((file, AuditEntry(**values)))
        except (FileNotFoundError, PermissionError):  # taken over meanwhile, or not ours to read
            continue
        except (ValueError, TypeError, KeyError, AttributeError):
            file.rename(file.with_suffix(_BROKEN))
            _LOG.warning("%s is no entry of the audit; it stays as %s", file, _BROKEN)
    return entries
