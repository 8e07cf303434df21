"""Whether a model holds up over time: backtests at the newest dates."""

from dataclasses import replace

import numpy as np
import polars as pl

from perdura.models.backtesting.backtest import LabelsAt, evaluated_at, origins_of
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.intervals import basic
from perdura.models.evaluation.metrics import evaluate
from perdura.models.evaluation.refit_comparison import compare_procedures
from perdura.models.params import TrainingParams
from perdura.progress import OnProgress
from perdura.sources.events import MOMENT


def at_earlier_dates(
    training: TrainingSet,
    labels_at: LabelsAt,
    params: TrainingParams,
    *,
    most: int,
    progress: OnProgress | None = None,
) -> Earlier:
    """ROC AUC and log loss of the model trained at each of the newest dates.

    Args:
        training: As for ``backtest``, and so are the others.
        labels_at: The outcomes of the rows before a moment, as known then.
        params: The parameters of each training.
        most: Number of the newest dates.
        progress: Called before each date.

    Raises:
        HistoryTooShort: No date has enough history before it and a known outcome.
    """
    params = replace(params, split="time", judge_dates=1)
    origins = origins_of(training, params)[-most:]
    lines: list[tuple[object, ...]] = []
    pooled: list[pl.DataFrame] = []
    for done, origin in enumerate(origins):
        if progress:
            progress(done, len(origins), f"{origin:%Y-%m-%d}")
        labels = labels_at(origin)
        test_rows = evaluated_at(training, origin, labels, params, baselines=("constant",))
        pooled.append(test_rows)
        model, constant = (
            evaluate(test_rows, risk, calls=params.calls) for risk in ("risk", "constant")
        )
        drawn = resample(test_rows.select("subscriber_id", "owner", "churned", "risk"), seed=0)
        interval = basic(model.roc_auc, np.asarray(drawn["auc"]))
        left = int(test_rows["churned"].sum())
        ranking = (model.roc_auc, interval.low, interval.high)
        lines.append((origin, test_rows.height, left, *ranking, model.log_loss, constant.log_loss))
    by_date = pl.DataFrame(lines, schema=_SCHEMA, orient="row")
    return Earlier(by_date=by_date, procedures=compare_procedures(pl.concat(pooled)))


_SCHEMA = {
    "origin": MOMENT,
    "rows": pl.Int64,
    "churned": pl.Int64,
    "roc_auc": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "log_loss": pl.Float64,
    "constant": pl.Float64,
}
