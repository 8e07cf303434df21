"""What a second worker is worth: the parts of a night on one worker of one core, and on two.

``python -m benchmarks.measured.cluster DATA`` measures the full size again and prints the result.
"""

import sys
from pathlib import Path

from benchmarks.measure import OURS, RESULTS, Measurement, Results, run
from benchmarks.measured.growth import TRAINED, done, home_in
from benchmarks.sizes import SIZES, Sizes

GROUP = "cluster"
WORKERS = 2

_READY = ("simulate", "extract", "train")


def measure(results: Results, data: Path, sizes: Sizes) -> None:
    """Features and scores of a simulated company, after its champion has been trained."""
    home = home_in(data, sizes.cluster)  # if its growth was measured before, that company
    results.measure(GROUP, str(sizes.cluster), lambda: _scored(home, sizes))


def _scored(home: Path, sizes: Sizes) -> Measurement:
    if not (home / TRAINED).exists():
        _prepare(home, sizes.cluster)
    return run([OURS, "-m", "benchmarks.steps.cluster", home, WORKERS, sizes.rounds])


def _prepare(home: Path, subscribers: int) -> None:
    for step in _READY:
        result = done(step, subscribers, home)
        if "failed" in result:
            raise SystemExit(f"a step that others need failed: {step}: {result['failed']}")


def main(data: str) -> None:
    """Measure the full size, and print how much faster the workers are than one of them."""
    results = Results(RESULTS / "full", again=True)
    sizes = SIZES["full"]
    measure(results, Path(data).absolute(), sizes)
    result = results.read(GROUP)[str(sizes.cluster)]
    if "failed" not in result:
        print(
            f"{result['alone']:.2f} s on one worker, "
            f"{result['gain']:.2f} times as fast on {WORKERS}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
