"""Exact reasons alone: what each column adds to each score, beside other tools."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import OURS, PEERS, Results, Told, run
from benchmarks.nights import home_in, model_in

_CLOSE = 1e-5


def measure(results: Results, data: Path, active: int, sizes: dict[str, int]) -> None:
    """Time each way on the first of the rows that a night scores.

    Args:
        results: Where they are kept.
        data: Where the model and the nights' homes lie.
        active: Subscribers of the night.
        sizes: How many rows for each way; the slow ones bear fewer, and rates are compared.
    """
    with TemporaryDirectory() as folder:
        right = Path(folder) / "right.npy"
        for way, count in sizes.items():
            results.measure(
                group_of(active), way, lambda w=way, n=count: _timed(w, data, active, n, right)
            )


def group_of(active: int) -> str:
    """Under which name the results of one size are kept."""
    return f"reasons-{active}"


def _timed(way: str, data: Path, active: int, count: int, right: Path) -> Told:
    """Timed, and its first rows held beside those of ``pred_contrib``."""
    model, home = model_in(data, active), home_in(data, active)
    rows = home / "rows.parquet"
    if not rows.exists():
        run([OURS, "-m", "benchmarks.night_steps", "rows", home, rows])
    if way == "Perdura":  # the first run on a machine compiles
        run(_words(way, model, rows, 2_000, right.with_name("warm.npy")))
    out = right if way == "pred_contrib" else right.with_name("other.npy")
    told = run(_words(way, model, rows, count, out), limit=3_600)
    if "failed" in told or way in {"pred_contrib", "predict"}:
        return told
    if not right.exists():
        run(_words("pred_contrib", model, rows, 2_000, right))
    ours, theirs = np.load(out), np.load(right)
    shared = min(len(ours), len(theirs))
    apart = float(np.abs(ours[:shared] - theirs[:shared]).max())
    if apart > _CLOSE:
        raise SystemExit(f"{way} differs from pred_contrib by {apart}")
    return told | {"apart": apart}


def _words(way: str, model: Path, rows: Path, count: int, out: Path) -> list[str | Path | int]:
    if way == "Perdura":
        return [OURS, "-m", "benchmarks.night_steps", "reasons", model, rows, count, out]
    return [PEERS, "-m", "benchmarks.peers.reasons", way, model, rows, count, out]
