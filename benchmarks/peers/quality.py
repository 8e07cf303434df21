"""Other models on the same rows and split: ``python -m benchmarks.peers.quality WAY FOLDER``.

Each model gets the care of a good notebook and no more: later rows stop the boosters early,
categories are declared as such. Writes its risks of the test set as
``FOLDER/<way>.npy`` and prints its seconds.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

# Seconds that FLAML may search; the others have no limit.
_BUDGET = 120
_NOT_READ = ["churned", "perdura", "oracle"]


class Rows:
    """The parts of the split: columns and outcomes."""

    def __init__(self, folder: Path) -> None:
        parts = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _PARTS}
        columns = [part.drop(columns=_NOT_READ, errors="ignore") for part in parts.values()]
        every = pd.concat(columns).dropna(axis=1, how="all")  # of which some would break
        self.texts = [name for name in every if not pd.api.types.is_numeric_dtype(every[name])]
        kinds = {name: pd.CategoricalDtype(every[name].dropna().unique()) for name in self.texts}
        self.columns = {name: part[every.columns].astype(kinds) for name, part in parts.items()}
        self.left = {name: part["churned"].to_numpy(int) for name, part in parts.items()}

    @property
    def known(self) -> tuple[pd.DataFrame, np.ndarray]:
        """The rows before the test set, for models that stop early by other means."""
        columns = pd.concat([self.columns["fit"], self.columns["calibrate"]])
        return columns, np.concatenate([self.left["fit"], self.left["calibrate"]])


_PARTS = ("fit", "calibrate", "judge")


def logistic(rows: Rows) -> np.ndarray:
    """Logistic regression: imputed, scaled, categories one-hot."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [name for name in rows.columns["fit"] if name not in rows.texts]
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    coded = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("numbers", filled, numbers), ("texts", coded, rows.texts)])
    model = make_pipeline(columns, LogisticRegression(max_iter=1_000))
    return model.fit(*rows.known).predict_proba(rows.columns["judge"])[:, 1]


def histogram(rows: Rows) -> np.ndarray:
    """scikit-learn's HistGradientBoostingClassifier; it stops by a tenth of its own."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=600,
        learning_rate=0.05,
        early_stopping=True,  # pyright: ignore[reportArgumentType]
        categorical_features="from_dtype",
    )
    return model.fit(*rows.known).predict_proba(rows.columns["judge"])[:, 1]


def xgboost(rows: Rows) -> np.ndarray:
    """XGBoost, stopped by the later rows."""
    from xgboost import XGBClassifier  # pyright: ignore[reportMissingImports]

    model = XGBClassifier(
        n_estimators=2_000,
        learning_rate=0.05,
        max_depth=6,
        enable_categorical=True,
        early_stopping_rounds=40,
        eval_metric="logloss",
    )
    later = [(rows.columns["calibrate"], rows.left["calibrate"])]
    model.fit(rows.columns["fit"], rows.left["fit"], eval_set=later, verbose=False)
    return model.predict_proba(rows.columns["judge"])[:, 1]


def catboost(rows: Rows) -> np.ndarray:
    """CatBoost, stopped by the later rows."""
    from catboost import CatBoostClassifier  # pyright: ignore[reportMissingImports]

    texts = dict.fromkeys(rows.texts, "unknown")
    result = {name: part.astype(dict.fromkeys(rows.texts, object)).fillna(texts)
            for name, part in rows.columns.items()}  # fmt: skip
    model = CatBoostClassifier(
        iterations=2_000,
        early_stopping_rounds=40,
        cat_features=rows.texts,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(
        result["fit"], rows.left["fit"], eval_set=(result["calibrate"], rows.left["calibrate"])
    )
    return model.predict_proba(result["judge"])[:, 1]


def flaml(rows: Rows) -> np.ndarray:
    """FLAML, which chooses among models by the later rows for two minutes."""
    from flaml import AutoML  # pyright: ignore[reportMissingImports]

    model = AutoML()
    model.fit(
        rows.columns["fit"],
        rows.left["fit"],
        X_val=rows.columns["calibrate"],
        y_val=rows.left["calibrate"],
        task="classification",
        metric="log_loss",
        time_budget=_BUDGET,
        verbose=0,
        seed=0,
    )
    result: Any = model.predict_proba(rows.columns["judge"])
    return result[:, 1]


WAYS: dict[str, Callable[[Rows], np.ndarray]] = {
    "logistic regression": logistic,
    "HistGradientBoosting": histogram,
    "XGBoost": xgboost,
    "CatBoost": catboost,
    "FLAML": flaml,
}


def main(way: str, folder: str) -> None:
    """Fit one way, and write its risks of the test set."""
    rows = Rows(Path(folder))
    start = perf_counter()
    risk = WAYS[way](rows)
    seconds = perf_counter() - start
    np.save(Path(folder) / f"{way}.npy", risk)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
