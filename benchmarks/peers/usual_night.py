"""The usual stack at night: pandas, LightGBM, its own TreeSHAP, and ``to_sql`` into SQLite.

``python -m benchmarks.peers.usual_night DATA MODEL FILE`` prints what it did as JSON.
"""

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import sqlalchemy as sa

from benchmarks.memory import peak_bytes
from benchmarks.peers.by_pandas import features
from benchmarks.workload.task import Inputs

_REASONS = 3


def main(data: str, model: str, file: str) -> None:
    """Build features, calibrated risks and reasons of all active subscribers; write the table."""
    steps: dict[str, float] = {}
    start = last = perf_counter()

    def done(name: str) -> None:
        nonlocal last
        steps[name], last = perf_counter() - last, perf_counter()

    rows = features(Inputs(Path(data), "sorted", 1))
    done("features")
    booster = lgb.Booster(model_file=str(Path(model) / "booster.txt"))
    columns = rows[booster.feature_name()]
    risk = _calibrated(np.asarray(booster.predict(columns, raw_score=True)), Path(model))
    done("predict")
    added = np.asarray(booster.predict(columns, pred_contrib=True))[:, :-1]
    done("pred_contrib")
    table = pd.DataFrame({"subscriber_id": rows["subscriber_id"], "risk": risk})
    table = table.join(_reasons(columns, added))
    done("reasons in words")
    table.to_sql("risk", sa.create_engine(f"sqlite:///{file}"), index=False, if_exists="replace")
    done("to_sql")
    result = {"seconds": last - start, "peak": peak_bytes(), "rows": len(table), "steps": steps}
    print(json.dumps(result))


def _calibrated(score: np.ndarray, model: Path) -> np.ndarray:
    calibration = json.loads((model / "contract.json").read_text("utf-8"))["calibration"]
    return 1 / (1 + np.exp(-_log_odds(score, calibration)))


def _log_odds(score: np.ndarray, calibration: dict[str, Any]) -> np.ndarray:
    match calibration["kind"]:
        case "platt":
            return calibration["steepness"] * score + calibration["intercept"]
        case "beta":
            low, high = np.logaddexp(0, -score), np.logaddexp(0, score)
            return calibration["b"] * high - calibration["a"] * low + calibration["c"]
        case _:
            inside = np.clip(score, calibration["scores"][0], calibration["scores"][-1])
            return np.interp(score, calibration["scores"], calibration["levels"]) + 0.01 * (
                score - inside
            )


def _reasons(columns: pd.DataFrame, added: np.ndarray) -> pd.DataFrame:
    """For each row the columns that raise its risk most, with their values, as text."""
    strongest = np.argsort(-added, axis=1)[:, :_REASONS]
    values = np.take_along_axis(columns.to_numpy(), strongest, axis=1)
    names = np.asarray(columns.columns)[strongest]
    return pd.DataFrame(
        {
            f"reason_{rank + 1}": [
                f"{name}: {value:.1f}"
                for name, value in zip(names[:, rank], values[:, rank], strict=True)
            ]
            for rank in range(_REASONS)
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
