from typing import Self

import numpy as np

class OneHotEncoder:
    def __init__(
        self,
        *,
        handle_unknown: str = ...,
        max_categories: int | None = ...,
        min_frequency: int | None = ...,
    ) -> None: ...

class StandardScaler:
    def __init__(self) -> None: ...
    def fit(self, X: np.ndarray) -> Self: ...  # noqa: N803
    def transform(self, X: np.ndarray) -> np.ndarray: ...  # noqa: N803
