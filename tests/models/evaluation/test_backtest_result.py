"""What a backtest holds: its dates in order, and the metrics of each by name."""

from datetime import UTC, datetime

import polars as pl

from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.evaluation.risk_level import Level
from perdura.models.params import TrainingParams
from perdura.sources.events import MOMENT

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def backtest(lines: list[tuple[datetime, str, str, float]]) -> Backtest:
    schema = {"origin": MOMENT, "who": pl.String, "metric": pl.String, "stated": pl.Float64}
    overall = pl.DataFrame(lines, schema=schema, orient="row").with_columns(low=0.0, high=1.0)
    return Backtest(params=TrainingParams(), overall=overall, segments=pl.DataFrame())


def test_the_dates_are_once_each_and_the_oldest_first():
    found = backtest([(JUNE, "model", "brier", 0.1), (MAY, "model", "brier", 0.2)] * 2)
    assert found.origins == [MAY, JUNE]


def test_the_metrics_of_a_date_are_those_of_that_date_by_name():
    found = backtest(
        [
            (MAY, "model", "roc_auc", 0.7),
            (JUNE, "model", "roc_auc", 0.8),
            (JUNE, "logistic", "roc_auc", 0.6),
        ]
    )
    assert found.metrics(JUNE) == {"roc_auc": 0.8, "logistic.roc_auc": 0.6}
    assert found.metrics(MAY) == {"roc_auc": 0.7}


def test_a_level_is_as_old_as_the_days_to_the_first_test_date():
    leap = datetime(2024, 2, 28, tzinfo=UTC)
    level = Level(leap, datetime(2024, 3, 1, tzinfo=UTC), 100, 5, 0.1)
    assert level.age_days == 2
