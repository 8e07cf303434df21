"""Exact reasons alone: what each column adds to each score, beside other tools."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import OURS, PEERS, Results, Told, run

PEER_WAYS = ("pred_contrib", "shap.TreeExplainer", "woodelf")

_CLOSE = 1e-5


def measure(results: Results, data: Path, home: Path, sizes: dict[str, int]) -> None:
    """Time each way on the first of the rows that a night scores.

    Args:
        results: Where they are kept.
        data: Where the model lies.
        home: A night's home, landed.
        sizes: How many rows for each way; the slow ones bear fewer, and rates are compared.
    """
    model, rows = data / "model", home / "rows.parquet"
    group = f"reasons-{max(sizes.values())}"
    results.measure(group, "rows", lambda: _rows(home, rows))
    with TemporaryDirectory() as folder:
        right = Path(folder) / "right.npy"
        for way, count in {"pred_contrib": sizes["pred_contrib"], **sizes}.items():
            results.measure(group, way, lambda w=way, n=count: _explained(w, model, rows, n, right))


def _rows(home: Path, file: Path) -> Told:
    return run([OURS, "-m", "benchmarks.night_steps", "rows", home, file])


def _explained(way: str, model: Path, rows: Path, count: int, right: Path) -> Told:
    """Timed, and its first rows held beside those of ``pred_contrib``."""
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
