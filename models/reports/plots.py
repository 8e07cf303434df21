"""Pictures of a model: calibration, gain curve, feature importance, and metrics over time."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, PercentFormatter

from perdura.models.evaluation.metrics import calibration_bins, gain

#: matplotlib declares the types of its axes only in part.
Axes = Any

_BLUE, _GREY, _ORANGE = "#2f6f9f", "#9a9a9a", "#d9822b"


def draw_pictures(test_rows: pl.DataFrame, importance: pl.DataFrame, folder: Path) -> None:
    """Write ``calibration.png``, ``gain.png``, ``importance.png`` and one of each cause.

    Args:
        test_rows: The test rows with the risks of the model and of the baselines.
        importance: From ``column_importance``.
        folder: Where to write.
    """
    _save(folder / "calibration.png", lambda axes: _calibration(axes, test_rows))
    for cause in ("voluntary", "payment"):
        left = (pl.col("cause") == cause).fill_null(value=False)
        rows, risk = test_rows.with_columns(churned=left), f"risk_{cause}"
        title = f"Is {risk} a probability?"
        _save(
            folder / f"{cause}.png",
            partial(_calibration, test_rows=rows, risk=risk, title=title),
        )
    _save(folder / "gain.png", lambda axes: _gain(axes, test_rows))
    _save(folder / "importance.png", lambda axes: _importance(axes, importance.head(20)))


def draw_backtest(overall: pl.DataFrame, file: Path) -> None:
    """Write the picture of a backtest over time: ranking, calibration, and money, as bands.

    Args:
        overall: As in ``models.backtesting.backtest.Backtest``.
        file: Where to write.
    """
    figure: Any = Figure(figsize=(8, 8), layout="constrained")
    for axes, (metric, title, shown) in zip(
        figure.subplots(3, sharex=True), _OVER_TIME, strict=True
    ):
        for model in shown:
            line = overall.filter(metric=metric, who=model).sort("origin")
            if line.height:
                dates, color = line["origin"].to_list(), _COLORS[model]
                axes.plot(dates, line["stated"], color=color, marker="o", markersize=3, label=model)
                band = {"color": color, "alpha": 0.15, "linewidth": 0}
                axes.fill_between(dates, line["low"], line["high"], **band)
        axes.set(title=title)
        axes.grid(axis="y", alpha=0.3)
    lines, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(lines, names, frameon=False, ncols=len(names), loc="outside upper center")
    locator = AutoDateLocator(minticks=2, maxticks=7)
    last: Any = figure.axes[-1]
    last.xaxis.set_major_locator(locator)
    last.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    last.set(xlabel="trained at this date, evaluated on what followed")
    figure.savefig(file, dpi=110)


_RANKING = ("model", "logistic", "recency")
_OVER_TIME = (
    ("roc_auc", "How well does it rank? (ROC AUC)", _RANKING),
    ("calibration_error", "How far are risks from rates? (calibration error)", ("model",)),
    (
        "money_caught",
        "Share of churners' revenue that is called",
        ("model", "logistic", "recency"),
    ),
)
_COLORS = {"model": _BLUE, "logistic": _ORANGE, "recency": _GREY}


def draw_months(months: pl.DataFrame, file: Path) -> None:
    """Write the picture of later months: the hazard of each, predicted and observed.

    Args:
        months: From ``models.evaluation.survival_metrics.by_month``.
        file: Where to write.
    """

    def draw(axes: Axes) -> None:
        month, rate = months["month"].to_numpy(), months["rate"].to_numpy()
        errors = np.stack([rate - months["low"].to_numpy(), months["high"].to_numpy() - rate])
        axes.errorbar(month, rate, errors, color=_GREY, marker="o", linestyle="", label="observed")
        axes.plot(month, months["said"], color=_BLUE, label="predicted")
        axes.set(title="How long do they stay?", xlabel="months later", ylim=(0, None))
        axes.set(ylabel="share of the remaining that leaves")
        axes.xaxis.set_major_locator(FixedLocator(months["month"].to_list()))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))

    _save(file, draw)


def _calibration(
    axes: Axes,
    test_rows: pl.DataFrame,
    risk: str = "risk",
    title: str = "Is the risk a probability?",
) -> None:
    bins = calibration_bins(test_rows, risk)
    top = float(bins.select("risk", "rate").to_numpy().max()) * 1.05 or 1.0
    axes.plot([0, top], [0, top], color=_GREY, linestyle="--", label="predicted = observed")
    axes.plot(bins["risk"], bins["rate"], color=_BLUE, marker="o", label="observed")
    axes.set(title=title, xlabel="mean predicted risk, by tenth of the rows")
    axes.set(ylabel="observed churn rate")
    # Most risks are small: a square-root scale spreads them, and has a zero.
    for scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
        scale("function", functions=(np.sqrt, np.square))
        axis.set_major_locator(FixedLocator([0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1]))
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(0, top), ylim=(0, top))


def _gain(axes: Axes, test_rows: pl.DataFrame) -> None:
    for risk, name, color in (
        ("risk", "model", _BLUE),
        ("logistic", "logistic regression", _ORANGE),
        ("recency", "days since the last payment", _GREY),
    ):
        if risk in test_rows.columns:
            curve = gain(test_rows, risk)
            axes.plot(curve["called"], curve["caught"], color=color, label=name)
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="by chance")
    axes.set(title="Share of churners found", xlabel="share of subscribers called, riskiest first")
    axes.set(ylabel="share of all churners found")


def _importance(axes: Axes, importance: pl.DataFrame) -> None:
    shown = importance.reverse()
    axes.barh(shown["column"].to_list(), shown["share"].to_list(), color=_BLUE)
    axes.set(title="What moves it?", xlabel="share of the gain of all splits")


def _save(path: Path, draw: Callable[[Axes], None]) -> None:
    figure: Any = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    draw(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    figure.savefig(path, dpi=110)
