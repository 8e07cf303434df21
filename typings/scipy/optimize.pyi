from collections.abc import Callable, Sequence

import numpy as np

class OptimizeResult:
    x: np.ndarray
    fun: float
    success: bool

class RootResults:
    root: float
    converged: bool

def minimize(
    fun: Callable[[np.ndarray], tuple[float, np.ndarray]],
    x0: np.ndarray,
    *,
    jac: bool,
    method: str,
    bounds: Sequence[tuple[float | None, float | None]],
) -> OptimizeResult: ...
def root_scalar(f: Callable[[float], float], *, bracket: tuple[float, float]) -> RootResults: ...
