"""Whether a model holds over time: made anew at earlier dates, was it good there too?"""

from dataclasses import replace

import numpy as np
import polars as pl

from perdura.models.backtesting.backtest import LabelsAt, judged_at, origins_of
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.intervals import basic
from perdura.models.evaluation.metrics import evaluate
from perdura.models.evaluation.refit_comparison import compare_procedures
from perdura.models.params import TrainingParams
from perdura.sources.events import MOMENT
from perdura.sources.progress import OnProgress


def at_earlier_dates(
    training: TrainingSet,
    labels_at: LabelsAt,
    params: TrainingParams,
    *,
    most: int,
    progress: OnProgress | None = None,
) -> Earlier:
    """How well the model ranks, and its log loss, at each of the newest dates.

    Args:
        training: As for ``backtest``, and so are the others.
        labels_at: What became of the rows before a moment, as it was known then.
        params: What to learn.
        most: So many of the newest dates.
        progress: Told before each date.

    Raises:
        HistoryTooShort: No date has enough before it and after it.
    """
    params = replace(params, split="time", judge_dates=1)
    origins, told, pooled = origins_of(training, params)[-most:], [], []
    for done, origin in enumerate(origins):
        if progress:
            progress(done, len(origins), f"{origin:%Y-%m-%d}")
        labels = labels_at(origin)
        judged = judged_at(training, origin, labels, params, beside=("constant",))
        pooled.append(judged)
        model, constant = (
            evaluate(judged, who, calls=params.calls) for who in ("risk", "constant")
        )
        drawn = resample(judged.select("subscriber_id", "owner", "churned", "risk"), seed=0)
        lies = basic(model.roc_auc, np.asarray(drawn["auc"]))
        left = int(judged["churned"].sum())
        ranking = (model.roc_auc, lies.low, lies.high)
        told.append((origin, judged.height, left, *ranking, model.log_loss, constant.log_loss))
    by_date = pl.DataFrame(told, schema=_SCHEMA, orient="row")
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
