"""Promotions at 30 dates of three companies: ``python -m benchmarks.measured.promotions``.

At each date two models are trained on what was known by then: one with all features, and one
without those of tickets. As challengers of each other the better must be promoted, the worse not.
Prints as JSON how often either was, company by company, and why a better one was not.
``[SUBSCRIBERS]``
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from perdura.features.catalogue import FEATURES
from perdura.features.topics.ratings import RATING_FEATURES
from perdura.features.topics.support import SUPPORT_FEATURES
from perdura.flows.steps.training_window import training_dates
from perdura.models.dataset.outcomes import OUTCOME, label_spine
from perdura.models.dataset.training_set import TrainingSet, build_training_set
from perdura.models.evaluation.metrics import evaluate, risk_columns
from perdura.models.params import TrainingParams
from perdura.models.promotion.decision import Verdict, verdict
from perdura.models.training.train import Made, fit_and_evaluate
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.simulator import simulate
from perdura.sources.states.states import scored_spine

#: The features of tickets.
_TICKETS = (*SUPPORT_FEATURES, *RATING_FEATURES)

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS, SEEDS, DATES = 30, (1, 2, 3), 10


def main(subscribers: str = "10000") -> None:
    """Count the promotions of each company."""
    print(json.dumps({"companies": [_counted(int(subscribers), seed) for seed in SEEDS]}))


def _counted(subscribers: int, seed: int) -> dict[str, Any]:
    verdicts = pl.DataFrame(list(_verdicts(subscribers, seed)))
    return {
        "seed": seed,
        "asked": verdicts.height,
        "better": int(verdicts["better"].sum()),
        "worse": int(verdicts["worse"].sum()),
        "not promoted": verdicts.filter(~pl.col("better"))["why"].to_list(),
    }


def _verdicts(subscribers: int, seed: int) -> Iterator[dict[str, bool | str]]:
    with TemporaryDirectory() as folder:
        for training in _histories(Path(folder), subscribers, seed):
            params = TrainingParams()
            whole = fit_and_evaluate(training, params, _silent)
            less = fit_and_evaluate(_without_tickets(training), params, _silent)
            better, worse = _challenged(whole, less), _challenged(less, whole)
            why = " ".join(better.reasons)
            yield {"better": better.promoted, "worse": worse.promoted, "why": why}


def _challenged(challenger: Made, champion: Made) -> Verdict:
    """The verdict on a challenger, on the same test set."""
    rows = challenger.test_rows.with_columns(champion=champion.test_rows["risk"])
    metrics_by_model = {name: evaluate(rows, risk, calls=100) for name, risk in risk_columns(rows)}
    return verdict(rows, metrics_by_model)


def _histories(folder: Path, subscribers: int, seed: int) -> Iterator[TrainingSet]:
    """The training set as it was at each of the newest month starts."""
    simulate(folder, subscribers=subscribers, months=MONTHS, seed=seed)
    extract(folder / "mapping.toml", until=UNTIL, landing=folder / "landing")
    events, params = Landing(folder / "landing").events(), TrainingParams()
    spine = scored_spine(events, training_dates(events, UNTIL, 36))
    whole = build_training_set(events, FEATURES, spine, params, known_until=UNTIL)
    for origin in whole.rows["as_of"].unique().sort()[-DATES:]:
        before = pl.col("as_of") < origin
        labels = label_spine(events, spine.filter(before), params, known_until=origin)
        rows = whole.rows.filter(before).drop(OUTCOME).hstack(labels.select(OUTCOME))
        about = whole.about.filter(before)
        yield replace(whole, rows=rows, about=about, known_until=origin)


def _without_tickets(training: TrainingSet) -> TrainingSet:
    kept = tuple(c for c in training.columns if c.feature not in _TICKETS)
    gone = [c.name for c in training.columns if c not in kept]
    return replace(training, columns=kept, rows=training.rows.drop(gone))


def _silent(_done: int, _of: int, _what: str) -> None:
    """Report no progress."""


if __name__ == "__main__":
    main(*sys.argv[1:])
