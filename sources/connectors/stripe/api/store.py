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
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import compress
from pathlib import Path
from typing import Any

import polars as pl

from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.landing.files import move_into_place
from perdura.sources.landing.tombstones import read_tombstones, record_erasure

_STATE = "state.json"
_NAMED_FOR = "%Y%m%dT%H%M%SZ"
_INDEX = pl.Schema({"id": pl.String(), "digest": pl.UInt64(), "file": pl.UInt32(),
                    "line": pl.UInt32()})  # fmt: skip
#: Lines whose ids are Python objects at once.
_BATCH = 200_000


@dataclass(slots=True)
class Draft:
    """A list that is being read.

    Attributes:
        began: When it was begun, by Stripe's clock, in seconds since 1970.
        since: Objects created before are not asked for; ``None``: all are.
        shape: What is kept of its objects.
        read_at: When the last page was read.
        size: How many bytes of its file count.
        after: The id of the last object, and ``created`` when it was created: where to go on.
        is_whole: Whether its last page was read; then come those created in the meantime.
        is_read: Whether those were read, too.
    """

    began: int
    since: int | None
    shape: str
    read_at: int = 0
    size: int = 0
    after: str | None = None
    created: int | None = None
    is_whole: bool = False
    is_read: bool = False


@dataclass(slots=True)
class _State:
    """What the store says of itself.

    Attributes:
        account: The account of the objects.
        livemode: Whether they are live.
        connector: The connector that keeps it, and erases of it.
        run: When the run began that has not come to its end; ``None`` if there is none.
        whole: By kind, when the last reading that came to its end began, and the ``shape`` of it.
    """

    account: str
    livemode: bool
    connector: str = "stripe"
    run: int | None = None
    whole: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])


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
        self._state = _state(folder, account, livemode=livemode)
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
        return began if kept == shape and not any(map(_has_blanks, self.files(kind))) else None

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
        new = _index([lines]).unique("id", keep="last", maintain_order=True)
        old = _index(files)
        stay = old.join(new, on=["id", "digest"], how="semi", maintain_order="left")
        if is_log or draft.since is not None:  # those that were not asked for stay, too
            others = old.join(new, on="id", how="anti", maintain_order="left")
            stay = pl.concat([stay, others])
        stay = stay.unique("id", keep="first")
        fresh = new.join(stay, on=["id", "digest"], how="anti")
        read_at = datetime.fromtimestamp(draft.read_at, UTC)
        if len(fresh) or not len(stay):
            move_into_place(
                self._new_file(kind, read_at),
                lambda path: _copy_lines(lines, path, fresh["line"]),
            )
        for number, file in enumerate(files):
            _keep_lines(file, stay.filter(pl.col("file") == number)["line"])
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
        return _index(self.files(kind)).height

    def _new_file(self, kind: str, read_at: datetime) -> Path:
        stem = f"{kind}-{read_at:{_NAMED_FOR}}"
        taken = sum(1 for _ in self.folder.glob(f"{stem}*.jsonl"))
        return self.folder / (f"{stem}_{taken}.jsonl" if taken else f"{stem}.jsonl")

    def _lines(self, kind: str) -> Path:
        return self._unfinished / f"{kind}.jsonl"

    def _opened(self) -> dict[str, Draft]:
        """The drafts with files that hold all that they say; others begin anew."""
        try:
            content: Any = json.loads((self._unfinished / _STATE).read_text("utf-8"))
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
        _write(self.folder / _STATE, asdict(self._state))

    def _write_drafts(self) -> None:
        if self._drafts:
            _write(
                self._unfinished / _STATE,
                {kind: asdict(draft) for kind, draft in self._drafts.items()},
            )
        else:
            shutil.rmtree(self._unfinished, ignore_errors=True)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=1) + "\n"
    move_into_place(path, lambda draft: draft.write_text(text, "utf-8"))


def _state(folder: Path, account: str, *, livemode: bool) -> _State:
    file = folder / _STATE
    try:
        content: Any = json.loads(file.read_text("utf-8"))
        whole = {kind: (int(at), str(shape)) for kind, (at, shape) in content["whole"].items()}
        run = None if content["run"] is None else int(content["run"])
        found = _State(str(content["account"]), bool(content["livemode"]), run=run, whole=whole)
    except FileNotFoundError:
        return _State(account, livemode)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable(
            f"{file}, which says what was fetched of {account}, cannot be read; delete the folder "
            f"{folder} to fetch it all again"
        ) from None
    if found.account != account:
        raise BadConnection(
            f"the key is of the account {account}, and what was fetched before is of "
            f"{found.account}; give a second account a section of its own: [connect.OTHER] with "
            'connector = "stripe"'
        )
    if found.livemode != livemode:
        modes = ("test mode", "live mode")
        raise BadConnection(
            f"the key is of {modes[livemode]}, and what was fetched before is of "
            f"{modes[found.livemode]}; give one of them a landing of its own"
        )
    return found


def _index(files: Iterable[Path]) -> pl.DataFrame:
    """One row per line: the id of its object, a digest of it all, and where it stands."""
    parts = [pl.DataFrame(schema=_INDEX)]
    rows: list[tuple[str, int, int, int]] = []
    for number, file in enumerate(files):
        with file.open("rb") as lines:
            for line, text in enumerate(lines):
                if text.isspace():  # erased
                    continue
                rows.append((_id_of(text), _digest(text), number, line))
                if len(rows) >= _BATCH:
                    parts.append(pl.DataFrame(rows, schema=_INDEX, orient="row"))
                    rows = []
    parts.append(pl.DataFrame(rows, schema=_INDEX, orient="row"))
    return pl.concat(parts)


def _id_of(text: bytes) -> str:
    """The id, which stands first."""
    return text[:300].split(b'"', 4)[3].decode(errors="replace")


def _digest(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def _has_blanks(file: Path) -> bool:
    with file.open("rb") as lines:
        return any(line.isspace() for line in lines)


def _keep_lines(file: Path, numbers: pl.Series) -> None:
    if numbers.is_empty():
        file.unlink()
        return
    with file.open("rb") as lines:
        among = sum(1 for _ in lines)
    if len(numbers) < among:
        move_into_place(file, lambda path: _copy_lines(file, path, numbers))


def _copy_lines(source: Path, target: Path, numbers: pl.Series) -> None:
    marks = bytearray(int(numbers.max() or 0) + 1 if len(numbers) else 0)  # pyright: ignore
    for number in numbers:
        marks[number] = 1
    with source.open("rb") as lines, target.open("wb") as written:
        written.writelines(compress(lines, marks))
