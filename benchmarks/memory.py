"""How much memory processes held at most, and memory that is ready to be held.

``python -m benchmarks.memory BYTES PROCESS`` holds ``BYTES`` bytes, and lets go of them as
the process grows.
"""

import mmap
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_BLOCK, _AHEAD = 2**26, 2**28  # bytes that are let go of at once; by which it is ahead
_EVERY = 0.005  # seconds between looks at how much the process holds


def peak_bytes() -> int:
    """The most memory that this process has held so far (on Linux VmHWM, resident)."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def held_now(process: "psutil.Process") -> int:
    """The memory that a process and all below it hold together now, 0 where it is gone."""
    import psutil

    total = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


@contextmanager
def ready(size: int) -> Iterator[None]:
    """Keep ``size`` bytes of memory ready for this process, until the block ends.

    A virtual machine gives memory that lies idle back to its host, and to fetch a GiB again takes
    it a second or two: more than much of the work, whichever tool does it. So another process
    holds it, and lets go of as much as this one takes.
    """
    words = [sys.executable, "-m", "benchmarks.memory", str(size), str(os.getpid())]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        if holder.stdout:
            holder.stdout.readline()
        try:
            yield
        finally:
            holder.kill()


def _hold(size: int, process: int) -> None:
    """Hold memory, say so, and let go of it as the process grows; always a little ahead of it."""
    blocks = [_touched() for _ in range(-(-size // _BLOCK))]
    print("ready", flush=True)
    begun, gone = _held(process), 0
    while blocks:
        while blocks and gone < _held(process) - begun + _AHEAD:
            blocks.pop().close()
            gone += _BLOCK
        sleep(_EVERY)


def _touched() -> mmap.mmap:
    held = mmap.mmap(-1, _BLOCK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):  # as NumPy does, and Polars is result to
        held.madvise(mmap.MADV_HUGEPAGE)
    for offset in range(0, _BLOCK, mmap.PAGESIZE):
        held[offset] = 1
    return held


def _held(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * mmap.PAGESIZE


if __name__ == "__main__":
    _hold(int(sys.argv[1]), int(sys.argv[2]))
