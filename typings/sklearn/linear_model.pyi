from typing import Self

import numpy as np

class LogisticRegression:
    def __init__(self, *, C: float = ..., max_iter: int = ..., solver: str = ...) -> None: ...  # noqa: N803
    def fit(self, X: np.ndarray, y: np.ndarray) -> Self: ...  # noqa: N803
    def predict_proba(self, X: np.ndarray) -> np.ndarray: ...  # noqa: N803
