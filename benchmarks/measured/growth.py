"""The simulated company at growing sizes: seconds and memory of each step.

Training stops at a million subscribers: larger companies are scored by the champion of the one
before.
"""

import shutil
from pathlib import Path

from benchmarks.measure import OURS, Measurement, Results, run
from benchmarks.steps.growth import STEPS

GROUP = "growth"

#: In order of use.
STEP_NAMES = tuple(STEPS)

#: Marks a company's home that has a champion.
TRAINED = "trained"

_LIMIT = 4 * 3_600
_TRAINED_UP_TO = 1_000_000


def measure(results: Results, data: Path, sizes: list[int]) -> None:
    """All steps at each size, small to large; a size that was begun goes on where it stopped."""
    before: Path | None = None
    for subscribers in sizes:
        home = home_in(data, subscribers)
        for step in STEPS:
            if step == "train" and subscribers > _TRAINED_UP_TO and before:
                _inherit(before, home)
                continue
            name = name_of(subscribers, step)
            result = results.measure(
                GROUP, name, lambda s=step, n=subscribers, h=home: done(s, n, h)
            )
            if "failed" in result:
                print(f"  {subscribers:,} subscribers end here: {step} failed")
                break
        if before:
            shutil.rmtree(before, ignore_errors=True)
        before = home


def _inherit(before: Path, home: Path) -> None:
    """The models of the company before; their artifacts stay where they are."""
    if not (home / "mlruns").exists():
        shutil.copytree(before / "mlruns", home / "mlruns")


def home_in(data: Path, subscribers: int) -> Path:
    """The home of the company of this size, from its first step on."""
    return data / f"growth-{subscribers}"


def name_of(subscribers: int, step: str) -> str:
    """The name of a step's results at one size."""
    return f"{subscribers} {step}"


def done(step: str, subscribers: int, home: Path) -> Measurement:
    """Run one step of a company."""
    if step == "simulate":
        shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    words = [OURS, "-m", "benchmarks.steps.growth", step, home, subscribers]
    result = run(words, limit=_LIMIT)
    if step == "train" and "failed" not in result:
        (home / TRAINED).touch()
    return result
