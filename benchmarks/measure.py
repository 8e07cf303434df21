"""Run one step in a process of its own, and keep what came out so that a long run can go on."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import Any

import psutil

from benchmarks.memory import held_now
from perdura.sources import ALLOCATOR

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"

#: The interpreters: Perdura's, the peers', and that of peers that need older company.
OURS, PEERS, OLDER = (
    ROOT / folder / "bin" / "python" for folder in (".venv", ".venv-peers", ".venv-older")
)

#: What one step gave: ``seconds``, ``peak`` (bytes) and more of its own; or only ``failed``: why.
Told = dict[str, Any]

_EVERY = 0.25  # seconds between looks at the memory, each of which takes a core some time


def run(words: Sequence[str | Path | int], limit: float = 3_600) -> Told:
    """Run a step that prints what it did as JSON on its last line, and watch its memory.

    Args:
        words: The command, run in the project's folder.
        limit: Seconds after which the step and all below it are ended.

    Returns:
        What it told; ``peak`` is what it told itself, before it checked what it had done, or else
        the most that all its processes were seen to hold together; ``whole`` is how many seconds
        all of it took.
    """
    start, peak = monotonic(), 0
    with TemporaryFile("w+") as out, TemporaryFile("w+") as errors:
        # A session of its own, so that it and all below it can be ended together.
        running = subprocess.Popen(
            [str(word) for word in words],
            stdout=out,
            stderr=errors,
            cwd=ROOT,
            start_new_session=True,
            # Polars' memory is handled alike, whoever calls it.
            env=ALLOCATOR | os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        watched = psutil.Process(running.pid)
        try:
            while running.poll() is None:
                peak = max(peak, held_now(watched))
                if monotonic() - start > limit:
                    return {"failed": f"more than {limit:,.0f} s"}
                sleep(_EVERY)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        told, said = (_text(file) for file in (out, errors))
    if running.returncode:
        return {"failed": (said or ["no word"])[-1][:300]}
    given: Told = json.loads(told[-1])
    return given | {"peak": given.get("peak", peak), "whole": monotonic() - start}


def _text(file: Any) -> list[str]:
    file.seek(0)
    return file.read().strip().splitlines()


class Results:
    """What has been measured, one JSON file for each group, kept as soon as it is known.

    Args:
        folder: Where they lie.
        again: Measure what is there already once more.
    """

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        self._folder, self._again = folder, again
        self._now: set[tuple[str, str]] = set()

    def read(self, group: str) -> dict[str, Told]:
        """The results of one group by name, in the order they were measured."""
        path = self._folder / f"{group}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def measure(self, group: str, name: str, step: Callable[[], Told]) -> Told:
        """What the step gives; what it gave, where that is known. Failures are tried again."""
        known = self.read(group).get(name)
        fresh = not self._again or (group, name) in self._now
        if known and fresh and "failed" not in known:
            return known
        print(f"  {group}: {name} ...", end=" ", flush=True)
        told = step() | {"measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M}"}
        print(told.get("failed") or _short(told), flush=True)
        self._now.add((group, name))
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = json.dumps(self.read(group) | {name: told}, indent=1)
        draft = self._folder / f"{group}.part"
        draft.write_text(kept + "\n", "utf-8")
        draft.replace(self._folder / f"{group}.json")
        return told


def _short(told: Told) -> str:
    peak = f", {told['peak'] / 2**30:.2f} GiB" if told.get("peak") else ""
    return f"{told['seconds']:.2f} s{peak}" if "seconds" in told else "done"
