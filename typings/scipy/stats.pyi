from typing import NamedTuple

import numpy as np

class _Poisson:
    def cdf(self, k: np.ndarray, mu: float) -> np.ndarray: ...

poisson: _Poisson

class _ConfidenceInterval(NamedTuple):
    low: float
    high: float

class _BinomTestResult:
    def proportion_ci(
        self, confidence_level: float = ..., method: str = ...
    ) -> _ConfidenceInterval: ...

class _Correlation(NamedTuple):
    statistic: float
    pvalue: float

def binomtest(k: int, n: int, p: float = ...) -> _BinomTestResult: ...
def rankdata(a: np.ndarray) -> np.ndarray: ...
def spearmanr(a: np.ndarray, b: np.ndarray) -> _Correlation: ...
