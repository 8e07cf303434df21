"""A backtest in words and tables."""

import polars as pl

from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.reports.markdown import table, with_intervals
from perdura.sources.counted import counted


def backtest_card(found: Backtest) -> str:
    """A backtest as Markdown: the model at each origin, beside its baselines, and by segment."""
    intro = (
        f"Made anew at each of {counted(len(found.origins), 'date')} from what was known by then, "
        "and evaluated on what followed. In brackets: where the number lies in 95 of 100 samples "
        "of other subscribers."
    )
    parts = ["# Backtest", intro, *tuning_notes(found), table(over_time(found))]
    parts += ["## Beside its baselines: ROC AUC"]
    beside = found.overall.filter(pl.col("metric") == "roc_auc").pivot(
        "who", index="origin", values="stated"
    )
    return (
        "\n\n".join([*parts, table(beside), "## By segment", table(with_intervals(found.segments))])
        + "\n"
    )


def tuning_notes(found: Backtest) -> list[str]:
    """Whether trees grow as tuned, and its effect on the numbers; empty with the defaults."""
    if found.params.tuned is None:
        return []
    seen = "Dates before that were used to find them, so there the numbers are a little too good."
    return [f"{found.params.tuned} {seen}" if found.params.cause_booster else found.params.tuned]


def over_time(found: Backtest) -> pl.DataFrame:
    """One row per origin: the model's metrics in words, with their intervals."""
    metrics = with_intervals(found.overall.filter(pl.col("who") == "model"), "stated")
    return metrics.pivot("metric", index="origin", values="stated")
