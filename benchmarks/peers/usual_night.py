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
from benchmarks.work import Inputs

_REASONS = 3


def main(data: str, model: str, file: str) -> None:
    """Everybody active: features, calibrated risk, reasons, the table."""
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
    told = {"seconds": last - start, "peak": peak_bytes(), "rows": len(table), "steps": steps}
    print(json.dumps(told))


def _calibrated(score: np.ndarray, model: Path) -> np.ndarray:
    told = json.loads((model / "contract.json").read_text("utf-8"))["calibration"]
    return 1 / (1 + np.exp(-_log_odds(score, told)))


def _log_odds(score: np.ndarray, told: dict[str, Any]) -> np.ndarray:
    match told["kind"]:
        case "platt":
            return told["steepness"] * score + told["intercept"]
        case "beta":
            low, high = np.logaddexp(0, -score), np.logaddexp(0, score)
            return told["b"] * high - told["a"] * low + told["c"]
        case _:
            inside = np.clip(score, told["scores"][0], told["scores"][-1])
            return np.interp(score, told["scores"], told["levels"]) + 0.01 * (score - inside)


def _reasons(columns: pd.DataFrame, added: np.ndarray) -> pd.DataFrame:
    """For each row the columns that raise its risk most, with their values, as text."""
    strongest = np.argsort(-added, axis=1)[:, :_REASONS]
    values = np.take_along_axis(columns.to_numpy(), strongest, axis=1)
    names = np.asarray(columns.columns)[strongest]
    return pd.DataFrame(
        {
            f"reason_{place + 1}": [
                f"{name}: {value:.1f}"
                for name, value in zip(names[:, place], values[:, place], strict=True)
            ]
            for place in range(_REASONS)
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
