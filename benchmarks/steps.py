"""The steps of a night and a week, one process each: ``python -m benchmarks.steps STEP HOME``."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

import polars as pl

MONTHS = 24
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)

#: What a step did: how many rows, in how many seconds, imports and reading of its input aside.
Done = tuple[int, float]


def simulate(home: Path, subscribers: int) -> Done:
    """Events written, of 24 months."""
    from sources.sample import simulate

    return _timed(
        lambda: sum(
            simulate(home / "company", subscribers=subscribers, months=MONTHS).rows.values()
        )
    )


def extract(home: Path, _subscribers: int) -> Done:
    """Rows read."""
    from sources.extract import extract

    mapping = home / "company" / "mapping.toml"
    return _timed(
        lambda: sum(t.rows for t in extract(mapping, until=UNTIL, landing=home / "landing").tables)
    )


def features(home: Path, _subscribers: int) -> Done:
    """Rows of features at twelve month starts, and their labels."""
    from features.catalogue import FEATURES
    from flows.moments import month_starts
    from models.params import TrainingParams
    from models.training_set import build_training_set
    from sources.landing import read_events
    from sources.states import scored_spine

    def build() -> int:
        events = read_events(home / "landing")
        dates = list(month_starts(datetime(2025, 10, 1, tzinfo=UTC), UNTIL))[:12]
        spine = scored_spine(events, dates)
        rows = build_training_set(events, FEATURES, spine, TrainingParams(), known_until=UNTIL)
        rows.rows.write_parquet(home / "rows.parquet")
        rows.about.write_parquet(home / "about.parquet")
        return rows.rows.height

    return _timed(build)


def train(home: Path, _subscribers: int) -> Done:
    """Rows learnt from and judged on."""
    from features.catalogue import COLUMNS
    from models.params import TrainingParams
    from models.train import train
    from models.training_set import TrainingSet

    training = TrainingSet(
        rows=pl.read_parquet(home / "rows.parquet"),
        about=pl.read_parquet(home / "about.parquet"),
        columns=tuple(COLUMNS.values()),
        known_until=UNTIL,
    )

    def fit() -> int:
        train(training, TrainingParams()).model.save(home / "model")
        return training.rows.height

    return _timed(fit)


def score(home: Path, _subscribers: int) -> Done:
    """Subscribers scored, each with reasons and an action."""
    from features.catalogue import COLUMNS
    from models.model import ChurnModel
    from models.score import score

    newest = pl.col("as_of") == pl.col("as_of").max()
    rows = (
        pl.read_parquet(home / "rows.parquet")
        .filter(newest)
        .select("subscriber_id", "as_of", *COLUMNS)
    )
    about = pl.read_parquet(home / "about.parquet").filter(newest)
    model = ChurnModel.load(home / "model")

    def explain() -> int:
        scored = score(model, rows, tuple(COLUMNS.values()), about=about)
        scored.write_parquet(home / "scores.parquet")
        return scored.height

    return _timed(explain)


def publish(home: Path, _subscribers: int) -> Done:
    """Rows published."""
    from risk.table import publish

    scores = pl.read_parquet(home / "scores.parquet").drop("interval_months")
    url = f"sqlite:///{home / 'risk.db'}"
    night = date(2026, 9, 1)
    return _timed(lambda: publish(scores, url, scored_on=night, model_version="1"))


STEPS: dict[str, Callable[[Path, int], Done]] = {
    "simulate": simulate,
    "extract": extract,
    "features, 12 dates": features,
    "train": train,
    "score with reasons": score,
    "publish": publish,
}


def _timed(work: Callable[[], int]) -> Done:
    start = perf_counter()
    rows = work()
    return rows, perf_counter() - start


if __name__ == "__main__":
    name, folder, people = sys.argv[1:]
    print(json.dumps(STEPS[name](Path(folder), int(people))))
