"""How good the model is beside what a user would fit instead: ``python -m benchmarks.quality``.

The same rows, the same split, the same machine; the later rows decide when boosters stop, and
nobody sees the judged ones. Writes ``QUALITY.md``. ``[SUBSCRIBERS] [--again]``
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.machine import described
from benchmarks.markdown import table
from benchmarks.measure import OURS, RESULTS, ROOT, Results, Told, run
from benchmarks.quality_tables import causes_named, held_to_truth, promoted
from perdura.models.evaluation.intervals import intervals
from perdura.models.evaluation.metrics import evaluate

PYTHON = ROOT / ".venv-quality" / "bin" / "python"
WAYS = ("logistic regression", "HistGradientBoosting", "XGBoost", "CatBoost", "FLAML")

#: Subscribers of each of the companies that planted causes are counted in.
_CAUSES_OF = 30_000

_FILE = Path(__file__).with_name("QUALITY.md")
_SHOWN = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")


def main() -> None:
    """Make the rows, fit everybody, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subscribers", nargs="?", type=int, default=50_000)
    parser.add_argument("--again", action="store_true", help="measure what is known once more")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "benchmarks")
    asked = parser.parse_args()
    if not PYTHON.exists():
        parser.error(f"the environment of the others is missing: {PYTHON}; run make bench-quality")
    measure(asked.subscribers, asked.data.absolute(), again=asked.again)


def measure(subscribers: int, data: Path, *, again: bool) -> None:
    """Everybody on the same rows; what is known already is not measured again unless asked for."""
    results = Results(RESULTS / "quality", again=again)
    folder, group = data / f"quality-{subscribers}", f"quality-{subscribers}"
    results.measure(group, "rows", lambda: _rows(folder, subscribers))
    if not (folder / "judge.parquet").exists():
        _rows(folder, subscribers)
    results.measure(group, "oracle", lambda: _judged(folder, "oracle"))
    results.measure(group, "Perdura", lambda: _judged(folder, "perdura"))
    for way in WAYS:
        results.measure(group, way, lambda way=way: _other(folder, way))
    truth, crowned = f"truth-{subscribers}", f"promotions-{subscribers // 5}"
    causes = f"causes-{_CAUSES_OF}"
    results.measure(truth, "model", lambda: run([OURS, "-m", "benchmarks.truth", subscribers]))
    results.measure(causes, "reasons", lambda: run([OURS, "-m", "benchmarks.causes", _CAUSES_OF]))
    asked = [OURS, "-m", "benchmarks.promotions", subscribers // 5]
    results.measure(crowned, "promotions", lambda: run(asked))
    results.measure(group, "machine", described)
    told = _told(results.read(group), subscribers)
    more = [
        held_to_truth(results.read(truth)["model"], subscribers),
        causes_named(results.read(causes)["reasons"], _CAUSES_OF),
        promoted(results.read(crowned)["promotions"], subscribers // 5),
    ]
    _FILE.write_text("\n\n".join([told.strip(), *more]) + "\n", encoding="utf-8")


def _rows(folder: Path, subscribers: int) -> Told:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return run([OURS, "-m", "benchmarks.quality_rows", folder, subscribers])


def _other(folder: Path, way: str) -> Told:
    told = run([PYTHON, "-m", "benchmarks.peers.quality", way, folder])
    if "failed" in told:
        return told
    risk = pl.Series(np.load(folder / f"{way}.npy"))
    return told | _numbers(_asked(folder).with_columns(risk=risk))


def _judged(folder: Path, column: str) -> Told:
    return _numbers(_asked(folder).with_columns(risk=pl.col(column)))


def _asked(folder: Path) -> pl.DataFrame:
    """The judged rows as ``evaluate`` wants them; each is somebody's alone here."""
    rows = pl.read_parquet(folder / "judge.parquet", columns=["churned", "perdura", "oracle"])
    return rows.with_columns(
        subscriber_id=pl.int_range(pl.len()).cast(pl.String),
        as_of=pl.lit(0),
        mrr=pl.lit(0),
        currency=pl.lit("EUR"),
    )


def _numbers(rows: pl.DataFrame) -> Told:
    stated, lies = evaluate(rows, calls=100).values, intervals(rows, calls=100)
    ends = {f"{name} {end}": getattr(lies[name], end) for name in _SHOWN for end in ("low", "high")}
    return {name: stated[name] for name in _SHOWN} | ends


def _told(results: dict[str, Told], subscribers: int) -> str:
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
            _ASKED.format(subscribers=subscribers, **results["rows"]["sizes"]),
            table(["", *(name.replace("_", " ") for name in _SHOWN), "seconds"], lines).strip(),
            _winners(results, names),
            *failed,
            _MEASURED.format(**results["machine"]),
        ]
    )


_ASKED = (
    "A simulated company of {subscribers:,} subscribers, 24 months, judged on the last two dates "
    "whose outcome is known. Everybody is given the same {fit_rows:,} rows to fit, "
    "{calibrate_rows:,} later ones to stop and to calibrate on, and {judge_rows:,} to be judged "
    "by, of whom {judge_churned:,} left. The oracle knows the true risk: nobody can rank better. "
    "In brackets: where the number lies in 95 of 100 samples."
)
_MEASURED = (
    "Measured on {processor}, {cores} cores. Perdura's seconds are those of fitting and "
    "calibrating two boosters, of leaving and of its cause, and of its own baselines. Written by "
    "`make bench-quality`.\n"
)


def _winners(results: dict[str, Told], names: list[str]) -> str:
    """By each number, who is best of those that can be had."""
    best = {
        metric: (max if metric in _SHOWN[:2] else min)(
            names[1:], key=lambda name: results[name][metric]
        )
        for metric in _SHOWN
    }
    said = "; ".join(f"{metric.replace('_', ' ')}: {name}" for metric, name in best.items())
    return f"Best of those that can be had, by each number: {said}."


def _number(told: Told, metric: str) -> str:
    return f"{told[metric]:.4f} ({told[f'{metric} low']:.4f}, {told[f'{metric} high']:.4f})"


def _seconds(told: float | None) -> str:
    return "" if told is None else f"{told:.0f}"


if __name__ == "__main__":
    main()
