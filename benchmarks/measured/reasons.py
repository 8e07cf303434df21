"""Exact reasons alone: what each column adds to each score, beside other tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import OURS, PEERS, Measurement, Results, run
from benchmarks.measured.night import home_in, model_in

_CLOSE = 1e-5


def measure(
    results: Results, data: Path, active: int, sizes: Mapping[str, int], *, peers: Path = PEERS
) -> None:
    """Time each way on the first of the rows that a night scores.

    Args:
        results: Where they are kept.
        data: The folder of the model and of the nights' homes.
        active: Subscribers of the night.
        sizes: How many rows for each way; slow ways get fewer, and rates are compared.
        peers: The interpreter of all ways but Perdura's.
    """
    with TemporaryDirectory() as folder:
        right = Path(folder) / "right.npy"
        for way, count in sizes.items():
            results.measure(
                group_of(active),
                way,
                lambda w=way, n=count: _timed(w, n, _scored(data, active, peers), right),
            )


def group_of(active: int) -> str:
    """The group of results of one size."""
    return f"reasons-{active}"


@dataclass(frozen=True, slots=True)
class _Scored:
    """The model, the rows that it scores, and the interpreter of the other tools."""

    model: Path
    rows: Path
    peers: Path

    def command(self, way: str, count: int, out: Path) -> list[str | Path | int]:
        """The command that explains the first ``count`` rows by one way."""
        arguments = [self.model, self.rows, count, out]
        if way == "Perdura":
            return [OURS, "-m", "benchmarks.steps.night", "reasons", *arguments]
        return [self.peers, "-m", "benchmarks.peers.reasons", way, *arguments]


def _scored(data: Path, active: int, peers: Path) -> _Scored:
    model, home = model_in(data, active), home_in(data, active)
    rows = home / "rows.parquet"
    if not rows.exists():
        run([OURS, "-m", "benchmarks.steps.night", "rows", home, rows])
    return _Scored(model, rows, peers)


def _timed(way: str, count: int, scored: _Scored, right: Path) -> Measurement:
    """Time one way, and compare its first rows with those of ``pred_contrib``."""
    if way == "Perdura":  # the first run on a machine compiles
        run(scored.command(way, 2_000, right.with_name("warm.npy")))
    out = right if way == "pred_contrib" else right.with_name("other.npy")
    result = run(scored.command(way, count, out), limit=3_600)
    if "failed" in result or way in {"pred_contrib", "predict"}:
        return result
    if not right.exists():
        run(scored.command("pred_contrib", 2_000, right))
    ours, theirs = np.load(out), np.load(right)
    shared = min(len(ours), len(theirs))
    apart = float(np.abs(ours[:shared] - theirs[:shared]).max())
    if apart > _CLOSE:
        raise SystemExit(f"{way} differs from pred_contrib by {apart}")
    return result | {"apart": apart}
