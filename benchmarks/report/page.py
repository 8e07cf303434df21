"""Write ``benchmarks/RESULTS.md`` from the results: ``python -m benchmarks.report.page``."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import RESULTS, Results
from benchmarks.report.alone import alone
from benchmarks.report.compared import comparisons
from benchmarks.report.served import served
from benchmarks.sizes import SIZES

_TITLES = {"full": "All sizes", "small": "Small sizes", "smallest": "Smallest sizes"}

_HEAD = """# What was measured

Written by `make bench` and `make bench-full` from `benchmarks/results/`. Everything was run on one
machine, each step in a process of its own, both cores free; memory is the most that the step's
processes held together. Reading the input is inside the seconds, starting Python and importing are
not; of features neither is loading Perdura's compiled loops, half a second that a night does beside
its first step. A ratio is the other tool's seconds over Perdura's: above 1, Perdura is faster;
**below 1, the other tool wins**. Where a host takes idle memory back from a virtual machine, as
here, touching a GiB for the first time costs up to two and a half seconds. While any tool's
features are timed, another process therefore holds memory that is there and lets go of as much as
they take; elsewhere it is inside. Features that take under 20 seconds are made three times
(small sizes: under half a second), and the median is shown.
"""


def write_results(folder: Path) -> None:
    """Write ``RESULTS.md`` beside the folder of results, one part for each size measured."""
    parts = [_HEAD]
    for size in _TITLES:
        if (folder / size).exists():
            parts += _size(Results(folder / size), size)
    folder.with_name("RESULTS.md").write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _size(results: Results, size: str) -> Iterator[str]:
    sizes = SIZES[size]
    yield f"## {_TITLES[size]}\n"
    yield from _machine(results)
    yield from comparisons(results, sizes)
    yield from alone(results, sizes)
    yield from served(results, sizes.table)


def _machine(results: Results) -> Iterator[str]:
    for result in results.read("machine").values():
        yield (
            f"{result['processor']}, {result['cores']} cores, {result['memory'] / 2**30:.0f} GiB; "
            f"{result['system']}; commit {result['commit']}; {result['measured']} UTC.\n"
        )
        for tools in ("Perdura", "peers", "peers in older company"):
            yield f"- {tools}: {', '.join(f'{name} {v}' for name, v in result[tools].items())}"
        yield ""


if __name__ == "__main__":
    write_results(RESULTS)
