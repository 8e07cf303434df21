from typing import Any

import numpy as np

class Pipeline:
    def fit(self, X: object, y: object) -> Pipeline: ...  # noqa: N803
    def predict_proba(self, X: object) -> np.ndarray: ...  # noqa: N803

def make_pipeline(*steps: Any) -> Pipeline: ...
