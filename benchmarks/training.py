"""Training on many rows: with all of them, and with all leavers and a share of the stayers."""

from pathlib import Path

from benchmarks.data import make
from benchmarks.measure import OURS, Results, Told, run

_ALL = 100_000_000


def measure(results: Results, data: Path, subscribers: int) -> None:
    """The same people at the same dates, fitted on all and on a quarter of the rows."""
    folder = make(data / str(subscribers), subscribers)
    for name, most_rows in {"all rows": _ALL, "sampled": int(subscribers * 0.7)}.items():
        results.measure(group_of(subscribers), name, lambda m=most_rows: _trained(folder, m))


def group_of(subscribers: int) -> str:
    """Under which name the results of one size are kept."""
    return f"training-{subscribers}"


def _trained(folder: Path, most_rows: int) -> Told:
    return run([OURS, "-m", "benchmarks.training_steps", folder, most_rows], limit=7_200)
