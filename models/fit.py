"""Fit the trees: on the past alone, the same every time, with nobody counted more than others."""

import re
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from models.params import BoosterParams

_THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows to learn from: encoded columns (float64, unknown is NaN), and 1 where it happened."""

    matrix: np.ndarray
    happened: np.ndarray


def fit_booster(
    past: Examples, later: Examples, names: list[str], params: BoosterParams
) -> lgb.Booster:
    """Trees for the log-odds that it happens, as many as help on the later rows.

    Rows are not weighted: weights spoil probabilities and rank no better.

    Args:
        past: Rows to grow the trees on.
        later: Rows that decide how many trees there are.
        names: Names of the columns.
        params: How to grow.
    """
    data = lgb.Dataset(past.matrix, past.happened, feature_name=names, params={"verbose": -1})
    return lgb.train(
        _settings(params),
        data,
        params.rounds,
        valid_sets=[lgb.Dataset(later.matrix, later.happened, reference=data)],
        callbacks=[lgb.early_stopping(params.patience, verbose=False)],
    )


def booster_text(booster: lgb.Booster) -> str:
    """LightGBM's text of the trees, the same however many threads they were grown with."""
    return _THREADS.sub("[num_threads: 0]", booster.model_to_string())


def load_booster(text: str) -> lgb.Booster:
    """The booster that LightGBM wrote as ``text``."""
    return lgb.Booster(model_str=text)


def _settings(params: BoosterParams) -> dict[str, object]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": params.learning_rate,
        "max_depth": params.max_depth,
        "num_leaves": params.num_leaves,
        "min_data_in_leaf": params.min_data_in_leaf,
        "feature_fraction": params.feature_fraction,
        "lambda_l2": params.lambda_l2,
        "seed": params.seed,
        "num_threads": params.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
