"""Run one step in a process of its own, and keep its result so that a long run can go on."""

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

#: The interpreters: Perdura's, the peers', and that of peers that need older libraries.
OURS, PEERS, OLDER = (
    ROOT / folder / "bin" / "python" for folder in (".venv", ".venv-peers", ".venv-older")
)

#: The result of one step: ``seconds``, ``peak`` (bytes) and values of its own. A step that failed
#: has ``failed`` alone, the reason.
Measurement = dict[str, Any]

_EVERY = 0.25  # seconds between looks at the memory, each of which takes a core some time


def run(words: Sequence[str | Path | int], limit: float = 3_600) -> Measurement:
    """Run a step that prints what it did as JSON on its last line, and watch its memory.

    Args:
        words: The command, run in the project's folder.
        limit: Seconds after which the step and all below it are ended.

    Returns:
        Its result. ``peak`` is the step's own figure, taken before it checks its work, or else the
        most memory that all its processes were seen to hold together; ``whole`` is the seconds of
        the whole process.
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
            # Polars' memory is handled alike in every step.
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
        printed, error_lines = (_text(file) for file in (out, errors))
    if running.returncode:
        return {"failed": (error_lines or ["no message"])[-1][:300]}
    result: Measurement = json.loads(printed[-1])
    return result | {"peak": result.get("peak", peak), "whole": monotonic() - start}


def _text(file: Any) -> list[str]:
    file.seek(0)
    return file.read().strip().splitlines()


class Results:
    """What has been measured, one JSON file for each group, kept as soon as it is known.

    Args:
        folder: Where they are kept.
        again: Measure what has a result already once more.
    """

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        self._folder, self._again = folder, again
        self._now: set[tuple[str, str]] = set()

    def read(self, group: str) -> dict[str, Measurement]:
        """The results of one group by name, in the order they were measured."""
        path = self._folder / f"{group}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def measure(self, group: str, name: str, step: Callable[[], Measurement]) -> Measurement:
        """The result of the step, or the one kept from before. Failed steps are run again."""
        known = self.read(group).get(name)
        fresh = not self._again or (group, name) in self._now
        if known and fresh and "failed" not in known:
            return known
        print(f"  {group}: {name} ...", end=" ", flush=True)
        result = step() | {"measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M}"}
        print(result.get("failed") or _short(result), flush=True)
        self._now.add((group, name))
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = json.dumps(self.read(group) | {name: result}, indent=1)
        draft = self._folder / f"{group}.part"
        draft.write_text(kept + "\n", "utf-8")
        draft.replace(self._folder / f"{group}.json")
        return result


def _short(result: Measurement) -> str:
    peak = f", {result['peak'] / 2**30:.2f} GiB" if result.get("peak") else ""
    return f"{result['seconds']:.2f} s{peak}" if "seconds" in result else "done"
