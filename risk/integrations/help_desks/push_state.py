"""The fields that another tool has confirmed, so that only changes are sent: a digest for each.

One JSON list for each line: the subscriber and the digest of the fields, or null where they were
cleared. Confirmed lines are added at the end, so a run that is killed loses nothing; a run that
ends writes the file anew, beside the old one, and moves it into its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

#: Before the digest of a subscriber that the tool does not know: tried again once it changes.
ABSENT = "?"

#: By subscriber, the digest of the confirmed fields.
Digests = dict[str, str]


class PushRunning(RuntimeError):
    """Another run updates the same tool. Nothing was sent."""


class BadState(ValueError):
    """The file of confirmed fields cannot be read. Nothing was sent."""


class PushState:
    """The confirmed fields of one tool, to which confirmed batches are added."""

    def __init__(self, file: Path, digests: Digests) -> None:
        self._file, self.digests = file, digests

    def add(self, confirmed: Mapping[str, str | None]) -> None:
        """Keep what has been confirmed: a digest for each subscriber, ``None`` where cleared."""
        _apply(self.digests, confirmed.items())
        with self._file.open("a", encoding="utf-8") as out:
            _write_lines(out, confirmed.items())


@contextmanager
def push_state(file: Path) -> Generator[PushState]:
    """The confirmed fields, for one run alone; the file is made where absent.

    Raises:
        PushRunning: Another run has it.
        BadState: Says what to do.
    """
    import fcntl

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PushRunning(f"another push to {file.stem} is running; wait for it") from error
        digests = read_digests(file)
        _write_anew(file, digests)  # without a line that a killed run was writing
        try:
            yield PushState(file, digests)
        finally:
            _write_anew(file, digests)


def read_digests(file: Path) -> Digests:
    """The confirmed fields, without changing anything; none where there is no file.

    Raises:
        BadState: Says what to do.
    """
    digests: Digests = {}
    if not file.exists():
        return digests
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    try:
        _apply(digests, (_read_line(line) for line in lines if line.endswith("\n")))
    except ValueError as error:
        raise BadState(
            f"{file} has a line that is no list of subscriber and digest ({error}); remove the "
            "file, and all fields are sent again"
        ) from error
    return digests


def forget(folder: Path, subscriber_id: str) -> list[str]:
    """Take a subscriber out of all files of a folder; of which, so that they can be cleared there.

    Raises:
        PushRunning: A push is running, which would write them again.
        BadState: Says what to do.
    """
    found: list[str] = []
    for file in sorted(folder.glob("push-*.jsonl")):
        with push_state(file) as state:  # before looking: else a push may just be adding them
            if state.digests.pop(subscriber_id, None) is not None:
                found.append(file.stem.removeprefix("push-"))
    for draft in folder.glob("push-*.jsonl.draft"):  # of a first push that was killed
        draft.unlink()
    return found


def _read_line(line: str) -> tuple[str, str | None]:
    match json.loads(line):
        case [str(subscriber_id), str() | None as digest]:
            return subscriber_id, digest
        case other:
            raise ValueError(f"it is a JSON {type(other).__name__}")


def _apply(digests: Digests, changes: Iterable[tuple[str, str | None]]) -> None:
    for subscriber_id, digest in changes:
        if digest is None:
            digests.pop(subscriber_id, None)
        else:
            digests[subscriber_id] = digest


def _write_anew(file: Path, digests: Digests) -> None:
    draft = file.with_name(f"{file.name}.draft")
    with draft.open("w", encoding="utf-8") as out:
        _write_lines(out, digests.items())
    draft.replace(file)


def _write_lines(out: TextIO, rows: Iterable[tuple[str, str | None]]) -> None:
    out.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
    out.flush()
    os.fsync(out.fileno())
