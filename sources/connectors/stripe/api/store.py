"""What was fetched of an account: JSON lines, in files named for when their objects were read.

An object that is read again as it was stays where it is: it is known since it was read so first.
One that was read otherwise goes into the new file, and out of the old one.

``unfinished`` holds the lists that a run has not read to their end: a page is written before the
place after it, and what is written beyond that place is cut off when the store is opened. So a run
that was stopped loses nothing, and repeats at most one page.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from perdura.sources.connectors.stripe.api.lines import (
    copy_lines,
    has_blanks,
    index_lines,
    keep_lines,
)
from perdura.sources.connectors.stripe.api.state import STATE, Draft, read_state
from perdura.sources.landing.files import move_into_place, write_json
from perdura.sources.landing.tombstones import read_tombstones, record_erasure

_NAMED_FOR = "%Y%m%dT%H%M%SZ"


class StripeStore:
    """What was fetched of one account."""

    def __init__(self, folder: Path, account: str, *, livemode: bool) -> None:
        """Open the folder, new or as the last run left it.

        Raises:
            BadConnection: It holds what was fetched of another account, or of the other mode.
            Unavailable: Its state cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.folder, self._unfinished = folder, folder / "unfinished"
        self._state = read_state(folder, account, livemode=livemode)
        self._write_state()
        self._forgotten = read_tombstones(folder)
        for draft in folder.glob("*.part"):
            draft.unlink()
        self._drafts = self._opened()

    @property
    def account(self) -> str:
        """The account of the objects in it."""
        return self._state.account

    def forget(self, customers: Iterable[str]) -> None:
        """Keep nothing more of some customers."""
        if gone := {*customers}:
            self._forgotten = record_erasure(self.folder, gone, datetime.now(UTC).date())

    def begin_run(self, now: int, longest: int) -> int | None:
        """When the run that was stopped began, if that is not too many seconds ago; else begin a
        new one.
        """
        stopped = self._state.run
        if stopped is not None and now - stopped < longest:
            return stopped
        self._state.run = now
        self._write_state()
        return None

    def end_run(self) -> None:
        """Note that all lists were read."""
        self._state.run = None
        self._write_state()

    def is_forgotten(self, name: str) -> bool:
        """Whether an id is one of a subscriber, or of a customer of theirs, who was erased."""
        return self._forgotten.has(name)

    def began_before(self, kind: str, shape: str) -> int | None:
        """When the last reading of a kind began that came to its end and kept the same fields.

        ``None``, too, where lines were erased since: they may have been of others as well.
        """
        began, kept = self._state.whole.get(kind, (None, ""))
        return began if kept == shape and not any(map(has_blanks, self.files(kind))) else None

    def was_read_since(self, kind: str, shape: str, stopped: int | None) -> bool:
        """Whether the run that began then, and was stopped, has read a kind to its end."""
        if stopped is None or kind in self._drafts:
            return False
        before = self.began_before(kind, shape)
        return before is not None and before >= stopped

    def draft(self, kind: str) -> Draft | None:
        """Where the reading of a kind stopped."""
        return self._drafts.get(kind)

    def begin(self, kind: str, draft: Draft) -> None:
        """Begin to read a kind anew."""
        self._unfinished.mkdir(exist_ok=True)
        self._lines(kind).write_bytes(b"")
        self._drafts[kind] = draft
        self._write_drafts()

    def append(self, kind: str, objects: Iterable[Mapping[str, Any]]) -> None:
        """Keep the objects of a page, and then the draft as it stands now: where to go on."""
        draft = self._drafts[kind]
        with self._lines(kind).open("ab") as written:
            written.writelines(json.dumps(one).encode() + b"\n" for one in objects)
            written.flush()
            os.fsync(written.fileno())
            draft.size = written.tell()
        self._write_drafts()

    def finish(self, kind: str, *, is_log: bool) -> tuple[int, int]:
        """Take a list that was read to its end into the store.

        Args:
            kind: The kind of its objects.
            is_log: Whether objects stay that are no longer listed.

        Returns:
            How many objects it had, and how many of them are new or not as they were.
        """
        draft, lines = self._drafts[kind], self._lines(kind)
        files = self.files(kind)
        new = index_lines([lines]).unique("id", keep="last", maintain_order=True)
        old = index_lines(files)
        stay = old.join(new, on=["id", "digest"], how="semi", maintain_order="left")
        if is_log or draft.since is not None:  # those that were not asked for stay, too
            others = old.join(new, on="id", how="anti", maintain_order="left")
            stay = pl.concat([stay, others])
        stay = stay.unique("id", keep="first")
        fresh = new.join(stay, on=["id", "digest"], how="anti")
        read_at = datetime.fromtimestamp(draft.read_at, UTC)
        if len(fresh) or not len(stay):
            stem = f"{kind}-{read_at:{_NAMED_FOR}}"
            taken = sum(1 for _ in self.folder.glob(f"{stem}*.jsonl"))
            file = self.folder / (f"{stem}_{taken}.jsonl" if taken else f"{stem}.jsonl")
            move_into_place(file, lambda path: copy_lines(lines, path, fresh["line"]))
        for number, file in enumerate(files):
            keep_lines(file, stay.filter(pl.col("file") == number)["line"])
        self._state.whole[kind] = (draft.began, draft.shape)
        self._write_state()
        self.drop(kind)
        self.files(kind)  # those written now are as old as they say, too
        return len(new), len(fresh)

    def drop(self, kind: str) -> None:
        """Forget what was read of a kind and not finished."""
        self._drafts.pop(kind, None)
        self._write_drafts()
        self._lines(kind).unlink(missing_ok=True)

    def files(self, kind: str) -> list[Path]:
        """The files of a kind, each as old as what was read into it."""
        found = sorted(self.folder.glob(f"{kind}-*.jsonl"))
        for file in found:
            stamp = file.stem.removeprefix(f"{kind}-").partition("_")[0]
            read_at = datetime.strptime(stamp, _NAMED_FOR).replace(tzinfo=UTC).timestamp()
            os.utime(file, (read_at, read_at))
        return found

    def count(self, kind: str) -> int:
        """How many objects of a kind there are."""
        return index_lines(self.files(kind)).height

    def _lines(self, kind: str) -> Path:
        return self._unfinished / f"{kind}.jsonl"

    def _opened(self) -> dict[str, Draft]:
        """The drafts with files that hold all that they say; others begin anew."""
        try:
            content: Any = json.loads((self._unfinished / STATE).read_text("utf-8"))
            drafts = {kind: Draft(**own) for kind, own in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            drafts = {}
        for kind, draft in [*drafts.items()]:
            file = self._lines(kind)
            if not file.exists() or file.stat().st_size < draft.size:
                del drafts[kind]
                continue
            with file.open("r+b") as written:
                written.truncate(draft.size)
        return drafts

    def _write_state(self) -> None:
        write_json(self.folder / STATE, asdict(self._state))

    def _write_drafts(self) -> None:
        if self._drafts:
            drafts = {kind: asdict(draft) for kind, draft in self._drafts.items()}
            write_json(self._unfinished / STATE, drafts)
        else:
            shutil.rmtree(self._unfinished, ignore_errors=True)
