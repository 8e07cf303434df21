"""What a second worker is worth: the parts of a night on one worker of one core, and on two.

``python -m benchmarks.cluster DATA`` measures the full size again and says what came out.
"""

import sys
from pathlib import Path

from benchmarks.growth import TRAINED, done, home_in
from benchmarks.measure import OURS, RESULTS, Results, Told, run
from benchmarks.sizes import SIZES, Sizes

GROUP = "cluster"
WORKERS = 2

_READY = ("simulate", "extract", "train")


def measure(results: Results, data: Path, sizes: Sizes) -> None:
    """Features and scores of a simulated company, after its champion has been trained."""
    home = home_in(data, sizes.cluster)  # if its growth was measured before, that company
    results.measure(GROUP, str(sizes.cluster), lambda: _scored(home, sizes))


def _scored(home: Path, sizes: Sizes) -> Told:
    if not (home / TRAINED).exists():
        _prepare(home, sizes.cluster)
    return run([OURS, "-m", "benchmarks.cluster_steps", home, WORKERS, sizes.rounds])


def _prepare(home: Path, subscribers: int) -> None:
    for step in _READY:
        told = done(step, subscribers, home)
        if "failed" in told:
            raise SystemExit(f"a step that others need failed: {step}: {told['failed']}")


def main(data: str) -> None:
    """Measure the full size, and print how much faster the workers are than one of them."""
    results = Results(RESULTS / "full", again=True)
    sizes = SIZES["full"]
    measure(results, Path(data).absolute(), sizes)
    told = results.read(GROUP)[str(sizes.cluster)]
    if "failed" not in told:
        print(f"{told['alone']:.2f} s on one worker, {told['gain']:.2f} times as fast on {WORKERS}")


if __name__ == "__main__":
    main(*sys.argv[1:])
