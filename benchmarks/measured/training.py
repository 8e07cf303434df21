"""Training on many rows: with all of them, and with non-churners sampled."""

from pathlib import Path

from benchmarks.measure import OURS, Measurement, Results, run
from benchmarks.workload.events import make

_ALL = 100_000_000


def measure(results: Results, data: Path, subscribers: int) -> None:
    """The same subscribers and dates, fitted on all and on a quarter of the rows."""
    folder = make(data / str(subscribers), subscribers)
    for name, most_rows in {"all rows": _ALL, "sampled": int(subscribers * 0.7)}.items():
        results.measure(group_of(subscribers), name, lambda m=most_rows: _trained(folder, m))


def group_of(subscribers: int) -> str:
    """The group of results of one size."""
    return f"training-{subscribers}"


def _trained(folder: Path, most_rows: int) -> Measurement:
    return run([OURS, "-m", "benchmarks.steps.training", folder, most_rows], limit=7_200)
