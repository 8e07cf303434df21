"""Seconds and peak memory of every step, from simulation to publishing, by size of the company.

``python -m benchmarks.night [SUBSCRIBERS ...]``; by default 10,000 and 100,000.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import sleep

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.steps import STEPS

_EVERY = 0.05  # seconds between looks at the memory


def measure(step: str, home: Path, subscribers: int) -> tuple[int, float, int]:
    """Rows, seconds and peak bytes (of the process and all its children) of one step."""
    words = [sys.executable, "-m", "benchmarks.steps", step, str(home), str(subscribers)]
    peak = 0
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        process = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, _memory(process))
            sleep(_EVERY)
        told = running.stdout.read() if running.stdout else ""
    if running.returncode:
        sys.exit(f"the step {step!r} failed")
    rows, seconds = json.loads(told.splitlines()[-1])
    return rows, seconds, peak


def main(sizes: list[int]) -> None:
    """Measure and print one table per size."""
    console = Console()
    for subscribers in sizes:
        table = Table(title=f"{subscribers:,} subscribers x 24 months", box=SIMPLE_HEAD)
        table.add_column("step")
        for name in ("rows", "seconds", "rows a second", "peak GiB"):
            table.add_column(name, justify="right")
        with tempfile.TemporaryDirectory() as folder, console.status("") as status:
            for step in STEPS:
                status.update(f"{subscribers:,} subscribers: {step}")
                rows, seconds, peak = measure(step, Path(folder), subscribers)
                cells = (f"{rows:,}", f"{seconds:.1f}", f"{rows / seconds:,.0f}")
                table.add_row(step, *cells, f"{peak / 2**30:.2f}")
        console.print(table)


def _memory(process: psutil.Process) -> int:
    total = 0
    for one in (process, *_children(process)):
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
