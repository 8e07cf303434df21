"""How fast the command line answers: help, and the riskiest of a table of many nights."""

import os
import shutil
import subprocess
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.measure import OURS, ROOT, Measurement, Results, run

NIGHTS = 30

#: Runs of each command; the median is kept.
RUNS = 7


def measure(results: Results, data: Path, rows: int) -> None:
    """The median of several runs each, from the command to its end, files in the cache."""
    home = data / f"table-{rows}"
    results.measure(group_of(rows), "table", lambda: _published(home, rows))
    results.measure(group_of(rows), "perdura --help", lambda: _answered(["--help"], home))
    results.measure(group_of(rows), "perdura risk", lambda: _riskiest(home, rows))
    shutil.rmtree(home, ignore_errors=True)


def group_of(rows: int) -> str:
    """The group of results of one size of table."""
    return f"startup-{rows}"


def _published(home: Path, rows: int) -> Measurement:
    words = [OURS, "-m", "benchmarks.workload.risk_nights", home, rows, NIGHTS]
    return run(words, limit=7_200)


def _riskiest(home: Path, rows: int) -> Measurement:
    if not home.exists():
        _published(home, rows)
    return _answered(["risk"], home)


def _answered(words: list[str], home: Path) -> Measurement:
    perdura = OURS.with_name("perdura")
    seconds = []
    for _ in range(RUNS):
        start = perf_counter()
        subprocess.run(
            [perdura, *words],
            check=True,
            cwd=ROOT,
            env=os.environ | {"PERDURA_HOME": str(home)},
            stdout=subprocess.DEVNULL,
        )
        seconds.append(perf_counter() - start)
    return {"seconds": median(seconds), "slowest": max(seconds)}
