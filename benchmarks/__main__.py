"""Measure: ``python -m benchmarks SIZE [--again] [--alone] [--results FOLDER] [GROUP ...]``.

``small`` takes a few minutes, ``full`` hours, ``smallest`` a minute: it shows only that all runs.
A run that was stopped goes on where it was: results that are there stay, unless ``--again`` is
given. ``--alone`` measures Perdura without the other tools. Groups: ``features``, ``night``,
``reasons``, ``training``, ``growth``, ``startup``, ``api``, ``stripe``, ``cluster``; all by
default. At the end ``RESULTS.md`` is written beside the folder of results, the chart of growth at
full size, and the made-up data are removed.
"""

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import OLDER, OURS, PEERS, RESULTS, ROOT, Results
from benchmarks.measured import (
    api,
    cluster,
    features,
    growth,
    night,
    reasons,
    startup,
    stripe,
    training,
)
from benchmarks.report.chart import PICTURE, draw
from benchmarks.report.machine import described
from benchmarks.report.page import write_results
from benchmarks.sizes import SIZES, Sizes


def main(words: Sequence[str] | None = None) -> None:
    """Measure the groups on the command line, one after another, and write the report."""
    arguments = _arguments(words)
    results = Results(arguments.results / arguments.size, again=arguments.again)
    sizes, data = SIZES[arguments.size], arguments.data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    groups = _groups(results, data, sizes, alone=arguments.alone)
    for name in arguments.group or groups:
        print(name, flush=True)
        groups[name]()
    results.measure("machine", "machine", described)
    write_results(arguments.results)
    if arguments.size == "full":
        draw(results, PICTURE)
    if not arguments.keep:
        shutil.rmtree(data)


def _groups(
    results: Results, data: Path, sizes: Sizes, *, alone: bool
) -> dict[str, Callable[[], None]]:
    def all_features() -> None:
        features.measure(results, data, sizes, alone=alone)
        if not alone:
            features.measure_on_time(results, data, sizes)

    def all_reasons() -> None:
        rows = {"predict": sizes.quick, "pred_contrib": sizes.slow}
        if not alone:
            rows |= {"shap.TreeExplainer": sizes.slow, "woodelf": sizes.quick}
        python = OURS if alone else PEERS
        reasons.measure(results, data, sizes.active, rows | {"Perdura": sizes.quick}, peers=python)

    return {
        "features": all_features,
        "night": lambda: night.measure(results, data, sizes.active, alone=alone),
        "reasons": all_reasons,
        "training": lambda: training.measure(results, data, sizes.training),
        "growth": lambda: growth.measure(results, data, list(sizes.growth)),
        "startup": lambda: startup.measure(results, data, sizes.table),
        "api": lambda: api.measure(results, data, sizes.table),
        "stripe": lambda: stripe.measure(results, data, sizes.stripe),
        "cluster": lambda: cluster.measure(results, data, sizes),
    }


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("group", nargs="*", help="only these")
    parser.add_argument("--again", action="store_true", help="measure anew what has a result")
    parser.add_argument("--alone", action="store_true", help="without the other tools")
    parser.add_argument("--keep", action="store_true", help="leave the made-up data in place")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "benchmarks")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_intermixed_args(words)
    missing = [python.parent.parent.name for python in (PEERS, OLDER) if not python.exists()]
    if missing and not arguments.alone:
        parser.error(
            f"the peers' environments {missing} are missing; run `make bench-peers`, or measure "
            "Perdura alone with --alone"
        )
    return arguments


if __name__ == "__main__":
    main()
