"""Write ``benchmarks/RESULTS.md`` from what has been measured: ``python -m benchmarks.tables``."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import RESULTS, Results
from benchmarks.sizes import SIZES
from benchmarks.tables_alone import alone
from benchmarks.tables_compared import comparisons
from benchmarks.tables_served import served

PAGE = Path(__file__).parent / "RESULTS.md"

_HEAD = """# What was measured

Written by `make bench` and `make bench-full` from `benchmarks/results/`. Everything was run on one
machine, each step in a process of its own, both cores free; memory is the most that the step's
processes held together. Reading the input is inside the seconds, starting Python and importing are
not; of features neither is loading Perdura's compiled loops, half a second that a night does beside
its first step. A ratio is the other tool's seconds over Perdura's: above 1, Perdura is faster;
**below 1, the other tool wins**. Where a host takes idle memory back from a virtual machine, as
here, touching a GiB for the first time costs up to two and a half seconds. While features are
timed, whoever makes them, another process therefore holds memory that is there and lets go of as
much as they take; elsewhere it is inside. Features that take under 20 seconds are made three times
(small sizes: under half a second), and the median is told.
"""


def write_results() -> None:
    """Write the page: first the full sizes, then the small, whichever there are."""
    parts = [_HEAD]
    for size in ("full", "small"):
        if (RESULTS / size).exists():
            parts += _size(Results(RESULTS / size), size)
    PAGE.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _size(results: Results, size: str) -> Iterator[str]:
    sizes = SIZES[size]
    yield f"## {'All sizes' if size == 'full' else 'Small sizes'}\n"
    yield from _machine(results)
    yield from comparisons(results, sizes)
    yield from alone(results, sizes)
    yield from served(results, sizes.table)


def _machine(results: Results) -> Iterator[str]:
    for told in results.read("machine").values():
        yield (
            f"{told['processor']}, {told['cores']} cores, {told['memory'] / 2**30:.0f} GiB; "
            f"{told['system']}; commit {told['commit']}; {told['measured']} UTC.\n"
        )
        for who in ("Perdura", "peers", "peers in older company"):
            yield f"- {who}: {', '.join(f'{name} {v}' for name, v in told[who].items())}"
        yield ""


if __name__ == "__main__":
    write_results()
