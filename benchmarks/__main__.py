"""Measure everything: ``python -m benchmarks small|full [--again] [--data FOLDER] [GROUP ...]``.

``small`` takes a few minutes, ``full`` hours. What is known already is not measured again unless
asked for, so a run that was stopped goes on where it was. Groups: ``features``, ``night``,
``reasons``, ``training``, ``growth``, ``startup``, ``api``, ``cluster``; all by default. At the end
``RESULTS.md`` and the chart of growth are written, and the made-up data are removed.
"""

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import api, cluster, growth, nights, reasons, startup, training, training_features
from benchmarks.chart import PICTURE, draw
from benchmarks.machine import described
from benchmarks.measure import OLDER, PEERS, RESULTS, ROOT, Results
from benchmarks.sizes import SIZES, Sizes
from benchmarks.tables import write_results


def main(words: Sequence[str] | None = None) -> None:
    """Measure the groups that are asked for, one after another, and write what came out."""
    asked = _asked(words)
    results = Results(RESULTS / asked.size, again=asked.again)
    sizes, data = SIZES[asked.size], asked.data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    groups = _groups(results, data, sizes)
    for name in asked.group or groups:
        print(name, flush=True)
        groups[name]()
    results.measure("machine", "machine", described)
    write_results()
    if asked.size == "full":
        draw(results, PICTURE)
    if not asked.keep:
        shutil.rmtree(data)


def _groups(results: Results, data: Path, sizes: Sizes) -> dict[str, Callable[[], None]]:
    def features() -> None:
        training_features.measure(results, data, sizes)
        training_features.measure_on_time(results, data, sizes)

    def reasons_alone() -> None:
        rows = {"predict": sizes.quick, "pred_contrib": sizes.slow}
        rows |= {"shap.TreeExplainer": sizes.slow, "woodelf": sizes.quick, "Perdura": sizes.quick}
        reasons.measure(results, data, sizes.active, rows)

    return {
        "features": features,
        "night": lambda: nights.measure(results, data, sizes.active),
        "reasons": reasons_alone,
        "training": lambda: training.measure(results, data, sizes.training),
        "growth": lambda: growth.measure(results, data, list(sizes.growth)),
        "startup": lambda: startup.measure(results, data, sizes.table),
        "api": lambda: api.measure(results, data, sizes.table),
        "cluster": lambda: cluster.measure(results, data, sizes),
    }


def _asked(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("group", nargs="*", help="only these")
    parser.add_argument("--again", action="store_true", help="measure what is known once more")
    parser.add_argument("--keep", action="store_true", help="leave the made-up data in place")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "benchmarks")
    asked = parser.parse_intermixed_args(words)
    missing = [python.parent.parent.name for python in (PEERS, OLDER) if not python.exists()]
    if missing:
        parser.error(f"the peers' environments {missing} are missing; run `make bench-peers`")
    return asked


if __name__ == "__main__":
    main()
