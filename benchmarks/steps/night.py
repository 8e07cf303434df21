"""Perdura's side of the night, one process each: ``python -m benchmarks.steps.night STEP ...``.

``fit MODEL DATA`` learns a model; ``prepare HOME DATA MODEL`` lands the events of ``DATA`` and
copies it; ``night HOME`` is what is timed; ``rows HOME FILE`` keeps the rows that are scored, and
``reasons MODEL ROWS COUNT FILE`` attributes the score of the first ``COUNT`` of them to columns.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from benchmarks.memory import peak_bytes
from benchmarks.steps.features import events_of
from benchmarks.workload.features import SIXTY
from benchmarks.workload.task import DATES, Inputs
from perdura.features.build import build_features
from perdura.features.definition import Column
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.score import score
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKETS, Part
from perdura.sources.states.states import SCORED, states_at

AS_OF = DATES[-1].replace(tzinfo=UTC)
TABLES = (SUBSCRIPTIONS, PAYMENTS, TICKETS)

_ROWS = 16_000_000  # of landed rows in a part

_COLUMNS: tuple[Column, ...] = tuple(column for feature in SIXTY for column in feature.columns)


def fit(model: str, data: str) -> dict[str, Any]:
    """A model of 200 trees of up to 31 leaves and six splits deep, learnt from two years."""
    from perdura.models.dataset.training_set import build_training_set
    from perdura.models.params import BoosterParams, TrainingParams
    from perdura.models.training.train import train

    inputs = Inputs(Path(data), "sorted", len(DATES))
    # So slow a learner goes on getting better until the last tree: the model has all 200.
    params = TrainingParams(booster=BoosterParams(learning_rate=0.01, rounds=200))
    spine = pl.read_parquet(inputs.spine)
    rows = build_training_set(events_of(inputs), SIXTY, spine, params, known_until=AS_OF)
    trained = train(rows, params)
    trained.model.save(Path(model))
    return {"rows": rows.rows.height, "trees": trained.model.booster.num_trees()}


def prepare(home: str, data: str, model: str) -> dict[str, Any]:
    """Land the events as an extract lands them, and put the model beside them."""
    from perdura.sources.extract import extract

    shutil.copytree(model, Path(home) / "model")
    mapping = Path(home) / "mapping.toml"
    mapping.write_text(_mapping(Path(data)), "utf-8")
    start = perf_counter()
    report = extract(mapping, until=AS_OF, landing=Path(home) / "landing")
    return _measurement(start, sum(table.rows for table in report.tables))


def night(home: str, months: str = "months") -> dict[str, Any]:
    """Score all active subscribers, with reasons, and publish, as ``flows/score_nightly.py`` does.

    With ``no-months`` survival and CLTV are left out, which the usual stack lacks.
    """
    from perdura.risk.table import publish

    steps: dict[str, float] = {}
    model = ChurnModel.load(Path(home) / "model")
    if months == "no-months":
        model = replace(model, months=None)
    start = perf_counter()
    with _timed("parts", steps):
        parts = _parts(Path(home))
    files = [_scored(Path(home), part, model, steps) for part in parts]
    with _timed("publish", steps):
        scores = (pl.read_ipc(file) for file in files)
        url = f"sqlite:///{Path(home).absolute() / 'ours.db'}"
        rows = publish(scores, url, scored_on=AS_OF.date(), model_version="1")
    return _measurement(start, rows) | {"steps": steps}


def _parts(home: Path) -> list[Part]:
    """As few parts as keep each below ``_ROWS`` landed rows: a night in two gigabytes."""
    events = Landing(home / "landing").events()
    total = sum(events[table.name].select(pl.len()).collect().item() for table in TABLES)
    of = min(-(-total // _ROWS), BUCKETS)
    if of > 1:
        Landing(home / "landing").gather_moved()
    return [Part(number, of) for number in range(of)]


def _scored(home: Path, part: Part, model: ChurnModel, steps: dict[str, float]) -> Path:
    subscribers, found = _measured(home, part, steps)
    file = home / f"part-{part.number}.arrow"
    with _timed("reasons", steps):
        score(model, found, _COLUMNS, about=subscribers.drop("interval_months")).write_ipc(file)
    return file


def rows(home: str, file: str) -> dict[str, Any]:
    """The rows that the night scores, in the model's order of columns, as other tools read them."""
    start = perf_counter()
    names = ChurnModel.load(Path(home) / "model").contract.names
    parts = [_measured(Path(home), part, {})[1].select(names) for part in _parts(Path(home))]
    pl.concat(parts).write_parquet(file)
    return _measurement(start, sum(part.height for part in parts))


def reasons(model: str, file: str, count: str, out: str) -> dict[str, Any]:
    """What each column adds to the score of the first ``count`` rows; kept as an array."""
    import numpy as np

    from perdura.models.boosting.shap_values import contributions

    booster = ChurnModel.load(Path(model)).booster
    matrix = pl.read_parquet(file, n_rows=int(count)).to_numpy()
    start = perf_counter()
    added = contributions(booster, matrix)
    result = _measurement(start, len(added))
    np.save(out, added[:10_000])
    return result


def _measured(home: Path, part: Part, steps: dict[str, float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The scored subscribers of one part, and their features."""
    events = Landing(home / "landing").events(part)
    with _timed("states", steps):
        subscribers = states_at(events, AS_OF).filter(pl.col("state").is_in(SCORED))
    with _timed("features", steps):
        found = build_features(events, SIXTY, subscribers.select("subscriber_id", "as_of"))
    return subscribers, found


@contextmanager
def _timed(name: str, steps: dict[str, float]) -> Iterator[None]:
    start = perf_counter()
    yield
    steps[name] = steps.get(name, 0.0) + perf_counter() - start


def _measurement(start: float, rows: int) -> dict[str, Any]:
    return {"seconds": perf_counter() - start, "peak": peak_bytes(), "rows": rows}


def _mapping(data: Path) -> str:
    """The mapping of events that have the contract's names already."""
    return "\n".join(
        f'[{table.name}]\nfile = "{data.absolute() / "sorted" / table.name}.parquet"\n'
        + "".join(f'{name} = "{name}"\n' for name in table.schema)
        for table in TABLES
    )


if __name__ == "__main__":
    step = {"fit": fit, "prepare": prepare, "night": night, "rows": rows, "reasons": reasons}[
        sys.argv[1]
    ]
    print(json.dumps(step(*sys.argv[2:])))
