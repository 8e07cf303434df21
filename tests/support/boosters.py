"""Small boosters for tests, and rows with every value that trees may stumble over."""

import lightgbm as lgb
import numpy as np

TINY = (0.0, -0.0, 1e-40, -1e-36, 1e-35, 1.0000000180025095e-35, -1e-34, np.inf, -np.inf)


def values(seed: int, rows: int = 300, columns: int = 8) -> np.ndarray:
    """Counts, amounts and steps, with zeros, holes, infinities and what is almost zero."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, columns))
    matrix[:, ::3] = random.poisson(1.0, size=matrix[:, ::3].shape)
    matrix[:, 1::3] = np.round(matrix[:, 1::3], 1)
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    strange = random.random(matrix.shape) < 0.03
    matrix[strange] = random.choice(TINY, strange.sum())
    return matrix


def grown(matrix: np.ndarray, trees: int = 6, **params: object) -> lgb.Booster:
    """Trees for an outcome that depends on every column, deterministic."""
    random = np.random.default_rng(0)
    score = np.nan_to_num(matrix, posinf=1, neginf=-1) @ random.normal(size=matrix.shape[1])
    happened = (score + random.normal(size=len(matrix)) > 0).astype(float)
    usual = {
        "objective": "binary",
        "min_data_in_leaf": 5,
        "min_data_in_bin": 1,
        "verbose": -1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
    }
    return lgb.train(usual | params, lgb.Dataset(matrix, happened), trees)
