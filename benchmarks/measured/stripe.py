"""An account of Stripe, from JSON lines to landed events, beside Polars that only reads them."""

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.measure import OURS, ROOT, Measurement, Results, run
from benchmarks.steps.stripe import NESTED, STEPS

_LIMIT = 2 * 3_600
#: More customers would take it an hour.
_NESTED_UP_TO = 100_000


def measure(results: Results, data: Path, customers: int) -> None:
    """All in one run, over the same files."""
    home = data / f"stripe-{customers}"
    for name in STEPS:
        if name == NESTED and customers > _NESTED_UP_TO:
            continue
        results.measure(group_of(customers), name, lambda step=name: _done(step, home, customers))
    shutil.rmtree(home, ignore_errors=True)


def group_of(customers: int) -> str:
    """The group of results of one size of account."""
    return f"stripe-{customers}"


def _done(step: str, home: Path, customers: int) -> Measurement:
    folder = home / "stripe"
    if not folder.exists():
        words = [OURS, "-m", "benchmarks.workload.stripe", folder, customers]
        made = subprocess.run(
            [str(word) for word in words], check=True, cwd=ROOT, capture_output=True, text=True
        )
        (home / "made.json").write_text(made.stdout)
    written = json.loads((home / "made.json").read_text())
    return run([OURS, "-m", "benchmarks.steps.stripe", step, home], limit=_LIMIT) | written
