"""Fit LightGBM's trees: on past rows only, deterministic, every row with the same weight."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import lightgbm as lgb
import numpy as np

from perdura.models.params import BoosterParams

#: Fitted trees: the type that code outside this package names.
Booster = lgb.Booster

_THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows to fit trees on.

    Attributes:
        matrix: Encoded columns: float64, unknown is NaN.
        happened: 1 where the outcome happened, one per row.
        share: Share of the rows without the outcome that is present; rows with it are all present.
        offset: Log-odds of each row that the trees start from and do not predict themselves, e.g.
            of its season; ``None``: the trees predict everything.
    """

    matrix: np.ndarray
    happened: np.ndarray
    share: float = 1.0
    offset: np.ndarray | None = None

    @property
    def rate(self) -> float:
        """How often the outcome happens among all rows, present or not."""
        happened, not_happened = self.happened.sum(), (1 - self.happened).sum()
        return float(happened / (happened + not_happened / self.share))


def fit_booster(
    past: Examples,
    later: Examples | None,
    names: list[str],
    params: BoosterParams,
    network: Mapping[str, object] | None = None,
) -> Booster:
    """Trees for the log-odds of the outcome, as many as improve the later rows.

    Rows are not weighted: weights spoil probabilities and rank no better. With negative
    downsampling the odds among the present rows are the true odds over ``past.share``; so the
    logarithm of the share is added to every score, in early stopping and in the trees.

    Args:
        past: Rows to grow the trees on.
        later: Rows that decide the number of trees (early stopping), all of them present;
            ``None``: as many trees as ``params`` say.
        names: Names of the columns.
        params: How to grow.
        network: LightGBM's settings of the machines that grow the same trees on their own rows;
            each has all later rows, so that all stop after the same tree.
    """
    stopping: dict[str, Any] = {}
    correction = math.log(past.share)
    data = lgb.Dataset(
        past.matrix,
        past.happened,
        init_score=past.offset,
        feature_name=names,
        params={"verbose": -1},
    )
    if later is not None:
        start = np.full(len(later.happened), correction) if correction else later.offset
        validation = lgb.Dataset(later.matrix, later.happened, reference=data, init_score=start)
        stop_early = lgb.early_stopping(params.patience, verbose=False)
        stopping = {"valid_sets": [validation], "callbacks": [stop_early]}
    settings: dict[str, Any] = _settings(params, names) | dict(network or {})
    train = cast("Any", lgb).train  # LightGBM declares the types of its callbacks only in part
    booster: Booster = train(settings, data, params.rounds, **stopping)
    if correction:  # added to each leaf of the first tree, so to every score
        for leaf in range(booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]):
            output = booster.get_leaf_output(0, leaf) + correction
            booster.set_leaf_output(0, leaf, output)
    return booster


def booster_text(booster: Booster) -> str:
    """LightGBM's text of the trees; it does not depend on the number of threads."""
    return _THREADS.sub("[num_threads: 0]", booster.model_to_string())


def load_booster(text: str) -> Booster:
    """The booster that LightGBM wrote as ``text``."""
    return lgb.Booster(model_str=text)


def mean_score(booster: Booster) -> float:
    """The mean log-odds of the rows that the trees were grown on: SHAP's expected value."""
    empty = np.full((1, booster.num_feature()), np.nan)
    return float(np.asarray(booster.predict(empty, pred_contrib=True))[0, -1])


def raw_scores(booster: Booster, matrix: np.ndarray) -> np.ndarray:
    """The log-odds of each row."""
    return np.asarray(booster.predict(matrix, raw_score=True), dtype=np.float64)


def _settings(params: BoosterParams, names: list[str]) -> dict[str, object]:
    rising = [int(name in params.rising) for name in names]
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
        **({"monotone_constraints": rising} if any(rising) else {}),
    }
