"""What a second worker is worth: the parts of a night on one worker of one core, and on two.

``python -m benchmarks.cluster DATA`` measures the full size again and says what came out.
"""

import sys
from pathlib import Path

from benchmarks.growth import TRAINED, done, home_in
from benchmarks.measure import OURS, RESULTS, Results, Told, run
from benchmarks.sizes import SIZES

GROUP = "cluster"
WORKERS = 2

_READY = ("simulate", "extract", "train")


def measure(results: Results, data: Path, subscribers: int) -> None:
    """Features and scores of a simulated company, after its champion has been trained."""
    home = home_in(data, subscribers)  # if its growth was measured before, that company
    results.measure(GROUP, str(subscribers), lambda: _scored(home, subscribers))


def _scored(home: Path, subscribers: int) -> Told:
    if not (home / TRAINED).exists():
        _prepare(home, subscribers)
    return run([OURS, "-m", "benchmarks.cluster_steps", home, WORKERS])


def _prepare(home: Path, subscribers: int) -> None:
    for step in _READY:
        told = done(step, subscribers, home)
        if "failed" in told:
            raise SystemExit(f"a step that others need failed: {step}: {told['failed']}")


def main(data: str) -> None:
    """Measure the full size, and print how much faster the workers are than one of them."""
    results = Results(RESULTS / "full", again=True)
    subscribers = SIZES["full"].cluster
    measure(results, Path(data).absolute(), subscribers)
    told = results.read(GROUP)[str(subscribers)]
    if "failed" not in told:
        print(f"{told['alone']:.2f} s on one worker, {told['gain']:.2f} times as fast on {WORKERS}")


if __name__ == "__main__":
    main(*sys.argv[1:])
