"""What was fetched from the API, and where to go on: JSON lines and a file that says how far.

A page is written before the place after it, and what is written beyond that place is cut off when
the store is opened. So a run that was stopped loses nothing, and repeats at most one page.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.landing.files import write_json
from perdura.sources.landing.tombstones import read_tombstones, record_erasure

STATE = "state.json"
#: Lists up to this size (bytes) are left as they are.
_SMALL = 2**20

#: Keys of each list by which an object is about a user, or about a ticket.
ABOUT = {
    "tickets": {"id": "ticket", "requester_id": "user"},
    "users": {"id": "user"},
    "ticket_events": {"ticket_id": "ticket"},
    "satisfaction_ratings": {"ticket_id": "ticket"},
}


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
    """One list: its file, how many bytes of it count and once did, and where to go on."""

    file: str
    size: int
    progress: Progress
    compacted: int = 0


class Store:
    """What was fetched of one account."""

    def __init__(self, folder: Path, account: str | None = None) -> None:
        """Open the folder, new or as the last run left it.

        Args:
            folder: Where it lies.
            account: The account it has to be of; ``None`` for any.

        Raises:
            BadConnection: It holds what was fetched of another account.
            BrokenTombstones: The list of forgotten users and tickets cannot be read.
            Unavailable: Its state cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.folder = folder
        self._account, self._lists = _state(folder, account)
        self._gone = read_tombstones(folder)
        counted = {kept.file for kept in self._lists.values()}
        for file in folder.glob("*.jsonl*"):
            if file.name not in counted:  # of a run that was stopped before it counted
                file.unlink()
        for kept in self._lists.values():
            with (folder / kept.file).open("r+b") as written:
                written.truncate(kept.size)

    @property
    def files(self) -> dict[str, Path]:
        """The file of each list."""
        return {name: self.folder / kept.file for name, kept in sorted(self._lists.items())}

    @staticmethod
    def files_in(folder: Path) -> dict[str, Path]:
        """The same of a folder that another process may be writing: nothing is changed."""
        return {name: folder / kept.file for name, kept in sorted(_state(folder, None)[1].items())}

    def progress(self, name: str) -> Progress | None:
        """Where the next page of a list begins; ``None`` if none was fetched."""
        kept = self._lists.get(name)
        return kept and kept.progress

    def append(self, name: str, objects: Iterable[dict[str, Any]], progress: Progress) -> None:
        """Keep the objects of a page but those about forgotten users, and then where to go on."""
        kept = self._lists.setdefault(name, _Kept(f"{name}.jsonl", 0, progress))
        about = ABOUT.get(name, {}).items() if self._gone.days else ()
        lines = (
            json.dumps(one).encode() + b"\n"
            for one in objects
            if not any(self._gone.has(f"{what} {one.get(key)}") for key, what in about)
        )
        with (self.folder / kept.file).open("ab") as written:
            written.writelines(lines)
            written.flush()
            os.fsync(written.fileno())
            kept.size = written.tell()
        kept.progress = progress
        self._write_state()

    def forget(self, users: Iterable[str], tickets: Iterable[str], day: date) -> None:
        """Put users and tickets on the list of those that are kept no more."""
        named = {*(f"user {one}" for one in users), *(f"ticket {one}" for one in tickets)}
        self._gone = record_erasure(self.folder, named, day)

    def rewrite(self, lines: Mapping[str, pl.LazyFrame]) -> None:
        """Let lists hold other lines, all of them at once; ``lines`` have one column each."""
        files: dict[str, str] = {}
        for name, rows in lines.items():
            stem, _, number = Path(self._lists[name].file).stem.partition(".")
            files[name] = f"{stem}.{int(number or 0) + 1}.jsonl"
            rows.sink_csv(self.folder / files[name], include_header=False, quote_style="never")
        for name, file in files.items():
            kept = self._lists[name]
            kept.file, kept.size = file, (self.folder / file).stat().st_size
            kept.compacted = kept.size
        self._write_state()
        for file in {*self.folder.glob("*.jsonl")} - {*self.files.values()}:
            file.unlink()

    def compact(self) -> None:
        """Leave the last version of each object, of lists that have doubled since this was done."""
        grown = [name for name, one in self._lists.items() if one.size > 2 * one.compacted + _SMALL]
        line = pl.col("line")
        # A line without an id is its own.
        key = pl.coalesce(line.str.extract(r'^\{"id": "(\d+)"'), line).alias("id")
        self.rewrite(
            {
                name: pl.scan_lines(self.files[name], name="line")
                .with_columns(key)
                .unique("id", keep="last", maintain_order=True)
                .select("line")
                for name in grown
            }
        )

    def _write_state(self) -> None:
        lists = {name: asdict(kept) for name, kept in self._lists.items()}
        content = {"connector": "zendesk", "account": self._account, "lists": lists}
        write_json(self.folder / STATE, content)


def _state(folder: Path, account: str | None) -> tuple[str, dict[str, _Kept]]:
    file = folder / STATE
    try:
        content: Any = json.loads(file.read_text("utf-8"))
        of = str(content["account"])
        lists = {
            name: _Kept(
                one["file"], one["size"], Progress(**one["progress"]), one.get("compacted", 0)
            )
            for name, one in content["lists"].items()
        }
    except FileNotFoundError:
        return account or "", {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable(
            f"{file}, which says how far an account was fetched, cannot be read; delete the folder "
            f"{folder} to fetch it all again"
        ) from None
    if account not in {None, of}:
        raise BadConnection(
            f"url is {account}, and what was fetched before is of {of}; give a second account a "
            'section of its own: [connect.OTHER] with connector = "zendesk"'
        )
    return of, lists
