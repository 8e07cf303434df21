"""The model beside what a user would fit instead: ``python -m benchmarks.quality``.

The same rows, the same split, the same machine; later rows decide when boosters stop, and no
model sees the test set. Writes ``QUALITY.md``. ``[SUBSCRIBERS] [--again]``
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measure import OURS, RESULTS, ROOT, Measurement, Results, run
from benchmarks.report.machine import described
from benchmarks.report.markdown import table
from benchmarks.report.quality import causes_named, held_to_truth, promoted
from perdura.models.evaluation.intervals import intervals
from perdura.models.evaluation.metrics import evaluate

PYTHON = ROOT / ".venv-quality" / "bin" / "python"
WAYS = ("logistic regression", "HistGradientBoosting", "XGBoost", "CatBoost", "FLAML")

#: Subscribers of each of the companies that planted causes are counted in.
_CAUSES_OF = 30_000

_FILE = Path(__file__).with_name("QUALITY.md")
_SHOWN = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")


def main() -> None:
    """Make the rows, fit every model, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subscribers", nargs="?", type=int, default=50_000)
    parser.add_argument("--again", action="store_true", help="measure what is known once more")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "benchmarks")
    arguments = parser.parse_args()
    if not PYTHON.exists():
        parser.error(
            f"the environment of the other tools is missing: {PYTHON}; run `make bench-quality`"
        )
    measure(arguments.subscribers, arguments.data.absolute(), again=arguments.again)


def measure(subscribers: int, data: Path, *, again: bool) -> None:
    """Measure every model on the same rows; results that are there stay, unless ``again``."""
    results = Results(RESULTS / "quality", again=again)
    folder, group = data / f"quality-{subscribers}", f"quality-{subscribers}"
    results.measure(group, "rows", lambda: _rows(folder, subscribers))
    if not (folder / "judge.parquet").exists():
        _rows(folder, subscribers)
    results.measure(group, "oracle", lambda: _scored(folder, "oracle"))
    results.measure(group, "Perdura", lambda: _scored(folder, "perdura"))
    for way in WAYS:
        results.measure(group, way, lambda way=way: _other(folder, way))
    truth, promotions = f"truth-{subscribers}", f"promotions-{subscribers // 5}"
    causes = f"causes-{_CAUSES_OF}"
    results.measure(
        truth, "model", lambda: run([OURS, "-m", "benchmarks.measured.truth", subscribers])
    )
    results.measure(
        causes, "reasons", lambda: run([OURS, "-m", "benchmarks.measured.causes", _CAUSES_OF])
    )
    words = [OURS, "-m", "benchmarks.measured.promotions", subscribers // 5]
    results.measure(promotions, "promotions", lambda: run(words))
    results.measure(group, "machine", described)
    page = _page(results.read(group), subscribers)
    more = [
        held_to_truth(results.read(truth)["model"], subscribers),
        causes_named(results.read(causes)["reasons"], _CAUSES_OF),
        promoted(results.read(promotions)["promotions"], subscribers // 5),
    ]
    _FILE.write_text("\n\n".join([page.strip(), *more]) + "\n", encoding="utf-8")


def _rows(folder: Path, subscribers: int) -> Measurement:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return run([OURS, "-m", "benchmarks.steps.quality_rows", folder, subscribers])


def _other(folder: Path, way: str) -> Measurement:
    result = run([PYTHON, "-m", "benchmarks.peers.quality", way, folder])
    if "failed" in result:
        return result
    risk = pl.Series(np.load(folder / f"{way}.npy"))
    return result | _numbers(_evaluated(folder).with_columns(risk=risk))


def _scored(folder: Path, column: str) -> Measurement:
    return _numbers(_evaluated(folder).with_columns(risk=pl.col(column)))


def _evaluated(folder: Path) -> pl.DataFrame:
    """The test set as ``evaluate`` takes it, each row of a subscriber of its own."""
    rows = pl.read_parquet(folder / "judge.parquet", columns=["churned", "perdura", "oracle"])
    return rows.with_columns(
        subscriber_id=pl.int_range(pl.len()).cast(pl.String),
        as_of=pl.lit(0),
        mrr=pl.lit(0),
        currency=pl.lit("EUR"),
    )


def _numbers(rows: pl.DataFrame) -> Measurement:
    stated, lies = evaluate(rows, calls=100).values, intervals(rows, calls=100)
    ends = {f"{name} {end}": getattr(lies[name], end) for name in _SHOWN for end in ("low", "high")}
    return {name: stated[name] for name in _SHOWN} | ends


def _page(results: dict[str, Measurement], subscribers: int) -> str:
    names = [name for name in ("oracle", "Perdura", *WAYS) if "failed" not in results[name]]
    seconds = {name: results[name].get("seconds") for name in names}
    seconds["Perdura"] = results["rows"]["seconds"]
    lines = [
        [name, *(_number(results[name], metric) for metric in _SHOWN), _seconds(seconds[name])]
        for name in names
    ]
    failed = [f"{name}: {results[name]['failed']}" for name in WAYS if "failed" in results[name]]
    return "\n\n".join(
        [
            "# How good the model is",
            _HEAD.format(subscribers=subscribers, **results["rows"]["sizes"]),
            table(["", *(name.replace("_", " ") for name in _SHOWN), "seconds"], lines).strip(),
            _winners(results, names),
            *failed,
            _MEASURED.format(**results["machine"]),
        ]
    )


_HEAD = (
    "A simulated company of {subscribers:,} subscribers, 24 months, evaluated on the last two "
    "dates with a known outcome. Every model gets the same {fit_rows:,} rows to fit, "
    "{calibrate_rows:,} later ones to stop and to calibrate on; the test set has "
    "{judge_rows:,}, of which {judge_churned:,} churned. The oracle knows the true "
    "risk: no model can rank better. In brackets: 95 % intervals."
)
_MEASURED = (
    "Measured on {processor}, {cores} cores. Perdura's seconds are those of fitting and "
    "calibrating two boosters, for churn and for its cause, and its baselines. Written by "
    "`make bench-quality`.\n"
)


def _winners(results: dict[str, Measurement], names: list[str]) -> str:
    """The best model by each metric, the oracle aside."""
    best = {
        metric: (max if metric in _SHOWN[:2] else min)(
            names[1:], key=lambda name: results[name][metric]
        )
        for metric in _SHOWN
    }
    winners = "; ".join(f"{metric.replace('_', ' ')}: {name}" for metric, name in best.items())
    return f"Best by each metric, the oracle aside: {winners}."


def _number(result: Measurement, metric: str) -> str:
    return f"{result[metric]:.4f} ({result[f'{metric} low']:.4f}, {result[f'{metric} high']:.4f})"


def _seconds(result: float | None) -> str:
    return "" if result is None else f"{result:.0f}"


if __name__ == "__main__":
    main()
