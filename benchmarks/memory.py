"""How much memory processes held at most, and memory that is ready to be held.

``python -m benchmarks.memory BYTES`` touches so many bytes and lets go of them.
"""

import mmap
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


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
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total


def make_ready(size: int) -> None:
    """Touch so much memory in another process, so that what is timed next finds it there.

    A virtual machine may give memory that lies idle back to its host, and to fetch a GiB again can
    take two seconds: more than much of the work, and it tells nothing about who does it.
    """
    subprocess.run([sys.executable, "-m", "benchmarks.memory", str(size)], check=True)


def _touch(size: int) -> None:
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        if hasattr(mmap, "MADV_HUGEPAGE"):  # as NumPy does, and Polars is told to
            held.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, size, mmap.PAGESIZE):
            held[at] = 1


if __name__ == "__main__":
    _touch(int(sys.argv[1]))
