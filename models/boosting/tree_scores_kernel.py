"""The compiled loop that walks through trees. Importing this costs numba's start."""

# numba has no types.
# pyright: standard
# numba passes arguments by position.
# ruff: noqa: PLR0917
import numpy as np
from numba import njit

# LightGBM treats values up to it as zero (its float ``1e-35f``).
_ALMOST_ZERO = float(np.float32(1e-35))

# Most branches that wait on one path: one at each split by month, and no path has as many.
_DEEPEST = 64


@njit(cache=True, nogil=True)
def _goes_left(value, node, threshold, missing, default_left):  # pragma: no cover
    """Whether a value goes left at a node; ``missing`` is 0 (none), 1 (zero) or 2 (NaN)."""
    if np.isnan(value):
        if missing[node] == 2:
            return default_left[node]
        value = 0.0
    if missing[node] == 1 and abs(value) <= _ALMOST_ZERO:
        return default_left[node]
    return value <= threshold[node]


@njit(cache=True, nogil=True)
def add_trees(
    matrix: np.ndarray,
    feature: np.ndarray,
    threshold: np.ndarray,
    missing: np.ndarray,
    default_left: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    first: np.ndarray,
    leaf: np.ndarray,
    scores: np.ndarray,
) -> None:  # pragma: no cover
    """Add the score of every tree for each row and month to ``scores``.

    A path that meets a split by month goes on with the months of the left side, and comes back for
    those of the right.

    Args:
        matrix: One row per row; the column after its last is the month.
        feature, threshold, missing, default_left, left, right: Inner nodes of all trees, tree by
            tree, as in ``models.boosting.tree_text.Tree``.
        first: The first inner node and the first leaf of each tree, and where the last ends.
        leaf: What each leaf adds.
        scores: One row per row, one column per month from 1 on.
    """
    rows, months = scores.shape
    node_of = np.empty(_DEEPEST, np.int64)
    begin, end = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    for row in range(rows):
        for tree in range(len(first) - 1):
            first_node, first_leaf = first[tree]
            root = 0 if first[tree + 1, 0] > first_node else -1
            waiting, node_of[0], begin[0], end[0] = 1, root, 0, months
            while waiting:
                waiting -= 1
                child, low, high = node_of[waiting], begin[waiting], end[waiting]
                while child >= 0:
                    node = first_node + child
                    if feature[node] == matrix.shape[1]:
                        cut = int(np.floor(threshold[node]))
                        if cut <= low:
                            child = right[node]
                        elif cut >= high:
                            child = left[node]
                        else:
                            node_of[waiting], begin[waiting], end[waiting] = right[node], cut, high
                            waiting += 1
                            child, high = left[node], cut
                        continue
                    value = matrix[row, feature[node]]
                    goes_left = _goes_left(value, node, threshold, missing, default_left)
                    child = left[node] if goes_left else right[node]
                scores[row, low:high] += leaf[first_leaf - child - 1]
