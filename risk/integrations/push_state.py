"""What other tools have been told, so that only changes travel: a digest for each subscriber.

One JSON list for each line: the subscriber and the digest of what was told, or null where their
fields were cleared. Confirmed lines are added at the end, so a run that is killed loses nothing; a
run that ends writes the file anew, beside the old one, and moves it into its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: Before the digest of somebody whom the tool does not know: they are tried again once it changes.
ABSENT = "?"

#: By subscriber, the digest of what was told.
Told = dict[str, str]


class PushRunning(RuntimeError):
    """Another run is telling the same tool. Nothing was sent."""


class BadState(ValueError):
    """The file of what was told cannot be read. Nothing was sent."""


class PushState:
    """What one tool has been told, to which confirmed batches are added."""

    def __init__(self, file: Path, told: Told) -> None:
        self._file, self.told = file, told

    def add(self, confirmed: Mapping[str, str | None]) -> None:
        """Keep what has been confirmed: a digest for each subscriber, ``None`` where cleared."""
        _take_in(self.told, confirmed.items())
        with self._file.open("a", encoding="utf-8") as out:
            out.writelines(_lines(confirmed.items()))
            out.flush()
            os.fsync(out.fileno())


@contextmanager
def push_state(file: Path) -> Iterator[PushState]:
    """What has been told, for one run alone; the file is made where absent.

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
        told = read_told(file)
        _write_anew(file, told)  # without a line that was being written when somebody was killed
        try:
            yield PushState(file, told)
        finally:
            _write_anew(file, told)


def read_told(file: Path) -> Told:
    """What has been told, without changing anything; nothing where there is no file.

    Raises:
        BadState: Says what to do.
    """
    told: Told = {}
    if not file.exists():
        return told
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    try:
        _take_in(told, (json.loads(line) for line in lines if line.endswith("\n")))
    except ValueError as error:
        raise BadState(
            f"{file} has a line that is no list of subscriber and digest ({error}); remove the "
            "file, and everybody is told again"
        ) from error
    return told


def forget(folder: Path, subscriber_id: str) -> list[str]:
    """Take somebody out of all files of a folder; of which, so that they can be cleared there.

    Raises:
        PushRunning: A push is running, which would write them again.
        BadState: Says what to do.
    """
    found = []
    for file in sorted(folder.glob("push-*.jsonl")):
        with push_state(file) as state:  # before looking: else a push may just be adding them
            if state.told.pop(subscriber_id, None) is not None:
                found.append(file.stem.removeprefix("push-"))
    for draft in folder.glob("push-*.jsonl.draft"):  # of a first push that was killed
        draft.unlink()
    return found


def _take_in(told: Told, changes: Iterable[tuple[str, str | None]]) -> None:
    for subscriber_id, digest in changes:
        if digest is None:
            told.pop(subscriber_id, None)
        else:
            told[subscriber_id] = digest


def _lines(rows: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    return (json.dumps(row, ensure_ascii=True) + "\n" for row in rows)


def _write_anew(file: Path, told: Told) -> None:
    draft = file.with_name(f"{file.name}.draft")
    with draft.open("w", encoding="utf-8") as out:
        out.writelines(_lines(told.items()))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
