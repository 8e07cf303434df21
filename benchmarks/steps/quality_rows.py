"""The rows of the quality benchmark.

``python -m benchmarks.steps.quality_rows FOLDER SUBSCRIBERS``
writes ``fit``, ``calibrate`` and ``judge`` as Parquet: the features of a simulated company, and
``churned``; ``judge`` with ``perdura``, our risk, and ``oracle``, the true one. Prints how long
our training took.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import polars as pl

from perdura.features.catalogue import FEATURES
from perdura.flows.steps.training_window import training_dates
from perdura.models.dataset.sampling import evidence_rows
from perdura.models.dataset.split import split_rows
from perdura.models.dataset.training_set import TrainingSet, build_training_set
from perdura.models.params import TrainingParams
from perdura.models.training.train import fit_and_evaluate
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.simulator import simulate
from perdura.sources.states.states import scored_spine

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS = 24

_KEYS = ["subscriber_id", "as_of"]


def main(folder: str, subscribers: str) -> None:
    """Simulate, extract, build features, split, train; write the rows given to every model."""
    out = Path(folder)
    simulate(out / "company", subscribers=int(subscribers), months=MONTHS)
    extract(out / "company" / "mapping.toml", until=UNTIL, landing=out / "landing")
    training, params = _training(Landing(out / "landing")), TrainingParams()
    split = split_rows(evidence_rows(training.rows, training.sampling, params), params)
    start = perf_counter()
    tested = fit_and_evaluate(training, params, lambda _done, _of, _what: None).test_rows
    seconds = perf_counter() - start
    truth = pl.read_parquet(out / "company" / "truth" / "truth.parquet")
    oracle = truth.select(*_KEYS, oracle="risk")
    risks = tested.select(*_KEYS, perdura="risk").join(
        oracle, on=_KEYS, how="left", maintain_order="left", validate="1:1"
    )
    for name, part in split.parts.items():
        rows = part.select(*training.names, "churned")
        rows = rows.hstack(risks.drop(_KEYS)) if name == "judge" else rows
        rows.write_parquet(out / f"{name}.parquet")
    print(json.dumps({"seconds": seconds, "sizes": split.sizes}))


def _training(landing: Landing) -> TrainingSet:
    events = landing.events()
    spine = scored_spine(events, training_dates(events, UNTIL, 36))
    return build_training_set(events, FEATURES, spine, TrainingParams(), known_until=UNTIL)


if __name__ == "__main__":
    main(*sys.argv[1:])
