"""One training on the benchmark's events: ``python -m benchmarks.steps.training DATA MOST_ROWS``.

Prints as JSON the seconds of features and labels, of everything after them (split, trees,
calibration, judging), and the model's metrics. At most ``MOST_ROWS`` are fitted.
"""

import json
import sys
from datetime import UTC
from pathlib import Path
from time import perf_counter

import polars as pl

from benchmarks.memory import peak_bytes
from benchmarks.steps.features import events_of
from benchmarks.workload.features import SIXTY
from benchmarks.workload.task import DATES, Inputs
from perdura.models.dataset.training_set import build_training_set
from perdura.models.params import TrainingParams
from perdura.models.training.train import train


def main(data: str, most_rows: str) -> None:
    """Twelve dates; the trees stop early where later rows say so."""
    inputs, until = Inputs(Path(data), "sorted", len(DATES)), DATES[-1].replace(tzinfo=UTC)
    params = TrainingParams(most_rows=int(most_rows), most_later_rows=int(most_rows) // 2)
    spine = pl.read_parquet(inputs.spine)
    start = perf_counter()
    rows = build_training_set(events_of(inputs), SIXTY, spine, params, known_until=until)
    built = perf_counter()
    trained = train(rows, params)
    result = {"seconds": perf_counter() - built, "features": built - start, "peak": peak_bytes()}
    metrics = trained.metrics_by_model["model"]
    quality = ("roc_auc", "log_loss", "calibration_error")
    print(
        json.dumps(
            result
            | {"rows": rows.rows.height, "sizes": trained.sizes}
            | {"trees": trained.model.booster.num_trees(), "people": spine.height}
            | {name: getattr(metrics, name) for name in quality}
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
