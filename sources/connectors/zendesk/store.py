"""What was fetched from the API, and where to go on: JSON lines and a file that says how far.

A page is written before the place after it, and what is written beyond that place is cut off when
the store is opened. So a run that was stopped loses nothing, and repeats at most one page.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.landing.files import move_into_place

_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the next page of a list begins.

    Attributes:
        start_time: Seconds since 1970; of a list that goes by cursor where the first run began.
        cursor: The cursor, once there is one.
    """

    start_time: int
    cursor: str | None = None


@dataclass(slots=True)
class _Kept:
    """One list: its file, how many bytes of it count, and where to go on."""

    file: str
    size: int
    progress: Progress


class Store:
    """What was fetched of one account."""

    def __init__(self, folder: Path, account: str) -> None:
        """Open the folder, new or as the last run left it.

        Raises:
            BadConnection: It holds what was fetched of another account.
            Unavailable: Its state cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.folder, self._account, self._lists = folder, account, _state(folder, account)
        counted = {kept.file for kept in self._lists.values()}
        for file in folder.glob("*.jsonl*"):
            if file.name not in counted:  # of a run that was stopped before it counted
                file.unlink()
        for kept in self._lists.values():
            with (folder / kept.file).open("r+b") as written:
                written.truncate(kept.size)

    @property
    def files(self) -> list[Path]:
        """The files of objects, in the order of their names."""
        return sorted(self.folder / kept.file for kept in self._lists.values())

    def progress(self, name: str) -> Progress | None:
        """Where the next page of a list begins; ``None`` if none was fetched."""
        kept = self._lists.get(name)
        return kept and kept.progress

    def append(self, name: str, objects: Iterable[dict[str, Any]], progress: Progress) -> None:
        """Keep the objects of a page, and then where to go on."""
        kept = self._lists.setdefault(name, _Kept(f"{name}.jsonl", 0, progress))
        with (self.folder / kept.file).open("ab") as written:
            written.writelines(json.dumps(one).encode() + b"\n" for one in objects)
            written.flush()
            os.fsync(written.fileno())
            kept.size = written.tell()
        kept.progress = progress
        self._write_state()

    def _write_state(self) -> None:
        lists = {name: asdict(kept) for name, kept in self._lists.items()}
        text = json.dumps({"account": self._account, "lists": lists}, indent=1) + "\n"
        move_into_place(self.folder / _STATE, lambda draft: draft.write_text(text, "utf-8"))


def _state(folder: Path, account: str) -> dict[str, _Kept]:
    file = folder / _STATE
    try:
        content: Any = json.loads(file.read_text("utf-8"))
        of = str(content["account"])
        lists = {
            name: _Kept(one["file"], one["size"], Progress(**one["progress"]))
            for name, one in content["lists"].items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable(
            f"{file}, which says how far {account} was fetched, cannot be read; delete the folder "
            f"{folder} to fetch it all again"
        ) from None
    if of != account:
        raise BadConnection(
            f"url is {account}, and what was fetched before is of {of}; give a second account a "
            'section of its own: [connect.OTHER] with connector = "zendesk"'
        )
    return lists
