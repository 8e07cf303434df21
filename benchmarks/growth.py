"""The simulated company at growing sizes: seconds and memory of each step.

What is learnt from does not grow beyond a million: the largest companies are scored by the champion
of the one before.
"""

import shutil
from pathlib import Path

from benchmarks.growth_steps import STEPS
from benchmarks.measure import OURS, Results, Told, run

GROUP = "growth"

#: In order; the shares of a night and a week that grow with the company.
STEP_NAMES = tuple(STEPS)

#: Lies in a company's home once somebody reigns there.
TRAINED = "trained"

_LIMIT = 4 * 3_600
_TAUGHT_UP_TO = 1_000_000


def measure(results: Results, data: Path, sizes: list[int]) -> None:
    """All steps at each size, small to large; a size that was begun goes on where it stopped."""
    before: Path | None = None
    for subscribers in sizes:
        home = home_in(data, subscribers)
        for step in STEPS:
            if step == "train" and subscribers > _TAUGHT_UP_TO and before:
                _inherit(before, home)
                continue
            name = name_of(subscribers, step)
            told = results.measure(GROUP, name, lambda s=step, n=subscribers, h=home: done(s, n, h))
            if "failed" in told:
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
    """Where the company of this size lies, from the first step of it on."""
    return data / f"growth-{subscribers}"


def name_of(subscribers: int, step: str) -> str:
    """Under which name a step of a size is kept."""
    return f"{subscribers} {step}"


def done(step: str, subscribers: int, home: Path) -> Told:
    """One step of a company, told."""
    if step == "simulate":
        shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    words = [OURS, "-m", "benchmarks.growth_steps", step, home, subscribers]
    told = run(words, limit=_LIMIT)
    if step == "train" and "failed" not in told:
        (home / TRAINED).touch()
    return told
