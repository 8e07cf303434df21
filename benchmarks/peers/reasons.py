"""What each column adds to each score, by other tools; and the scores alone.

``python -m benchmarks.peers.reasons WAY MODEL ROWS COUNT FILE`` prints what it did as JSON.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks.memory import peak_bytes


def _scores(booster: lgb.Booster, rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(booster.predict(rows, raw_score=True))


def _lightgbm(booster: lgb.Booster, rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(booster.predict(rows, pred_contrib=True))[:, :-1]


def _shap(booster: lgb.Booster, rows: pd.DataFrame) -> np.ndarray:
    import shap  # pyright: ignore[reportMissingImports]

    # It reads the trees, and then hands the work on to LightGBM's own pred_contrib.
    return np.asarray(shap.TreeExplainer(booster).shap_values(rows))


def _woodelf(booster: lgb.Booster, rows: pd.DataFrame) -> np.ndarray:
    from woodelf import WoodelfExplainer

    return np.asarray(WoodelfExplainer(booster).shap_values(rows, verbose=False))


WAYS: dict[str, Callable[[lgb.Booster, pd.DataFrame], np.ndarray]] = {
    "predict": _scores,
    "pred_contrib": _lightgbm,
    "shap.TreeExplainer": _shap,
    "woodelf": _woodelf,
}


def main(way: str, model: str, file: str, count: str, out: str) -> None:
    """Explain the first ``count`` rows and keep the first ten thousand results."""
    booster = lgb.Booster(model_file=str(Path(model) / "booster.txt"))
    rows = pd.read_parquet(file)[booster.feature_name()].head(int(count)).astype(np.float64)
    start = perf_counter()
    added = WAYS[way](booster, rows)
    seconds = perf_counter() - start
    np.save(out, added[:10_000])
    print(json.dumps({"seconds": seconds, "peak": peak_bytes(), "rows": len(rows)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
