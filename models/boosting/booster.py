"""Fit the trees: on the past alone, the same every time, with nobody counted more than others."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from perdura.models.params import BoosterParams

#: Fitted trees. Whoever needs no more of them than to pass them on names this type.
Booster = lgb.Booster

_THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows to learn from.

    Attributes:
        matrix: Encoded columns: float64, unknown is NaN.
        happened: 1 where it happened, one per row.
        share: Of the rows where it did not happen, so many are there; of the others all are.
        offset: Log-odds of each row that trees are grown beside and do not say themselves, e.g. of
            its season; ``None``: trees say all.
    """

    matrix: np.ndarray
    happened: np.ndarray
    share: float = 1.0
    offset: np.ndarray | None = None

    @property
    def rate(self) -> float:
        """How often it happens, among all rows and not only those that are there."""
        happened, not_happened = self.happened.sum(), (1 - self.happened).sum()
        return float(happened / (happened + not_happened / self.share))


def fit_booster(
    past: Examples,
    later: Examples | None,
    names: list[str],
    params: BoosterParams,
    network: Mapping[str, object] | None = None,
) -> Booster:
    """Trees for the log-odds that it happens, as many as help on the later rows.

    Rows are not weighted: weights spoil probabilities and rank no better. Where only a share of
    the rows without is there, the odds among those that are there are the true odds over that
    share; so its logarithm is added to every score, before later rows are asked and in the trees.

    Args:
        past: Rows to grow the trees on.
        later: Rows that decide how many trees there are, none of them missing; ``None``: there
            are as many as ``params`` say.
        names: Names of the columns.
        params: How to grow.
        network: LightGBM's settings of the machines that grow the same trees on rows of their
            own; each has all later rows, so that they stop together.
    """
    data = lgb.Dataset(
        past.matrix,
        past.happened,
        init_score=past.offset,
        feature_name=names,
        params={"verbose": -1},
    )
    missing = math.log(past.share)
    booster = lgb.train(
        _settings(params, names) | dict(network or {}),
        data,
        params.rounds,
        **({} if later is None else _stopping(later, data, missing, params.patience)),
    )
    return _shifted(booster, missing) if missing else booster


def _stopping(later: Examples, data: lgb.Dataset, missing: float, patience: int) -> dict[str, Any]:
    """What stops LightGBM as soon as trees help no more."""
    start = np.full(len(later.happened), missing) if missing else later.offset
    asked = lgb.Dataset(later.matrix, later.happened, reference=data, init_score=start)
    return {
        "valid_sets": [asked],
        "callbacks": [lgb.early_stopping(patience, verbose=False)],
    }


def _shifted(booster: Booster, by: float) -> Booster:
    """The booster with ``by`` added to every score: to each leaf of its first tree."""
    leaves = booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]
    for leaf in range(leaves):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + by)
    return booster


def booster_text(booster: Booster) -> str:
    """LightGBM's text of the trees, the same however many threads they were grown with."""
    return _THREADS.sub("[num_threads: 0]", booster.model_to_string())


def load_booster(text: str) -> Booster:
    """The booster that LightGBM wrote as ``text``."""
    return lgb.Booster(model_str=text)


def raw_scores(booster: Booster, matrix: np.ndarray) -> np.ndarray:
    """The log-odds that the trees give each row."""
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
