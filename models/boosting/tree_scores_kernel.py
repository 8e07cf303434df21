"""The compiled loop that walks through trees. Importing this costs numba's start."""

# numba passes arguments by place.
# ruff: noqa: PLR0917
import numpy as np
from numba import njit

# Below it, LightGBM takes a value for zero (its float ``1e-35f``).
_ALMOST_ZERO = float(np.float32(1e-35))

# A path waits at each split of months that it has passed: there are fewer than this on any path.
_DEEPEST = 64


@njit(cache=True, nogil=True)
def _goes_left(value, threshold, missing, default_left):  # pragma: no cover
    """Whether a value goes left; ``missing`` is 0 (nothing is), 1 (zero) or 2 (NaN)."""
    if np.isnan(value):
        if missing == 2:
            return default_left
        value = 0.0
    if missing == 1 and abs(value) <= _ALMOST_ZERO:
        return default_left
    return value <= threshold


@njit(cache=True, nogil=True)
def add_trees(
    matrix, feature, threshold, missing, default_left, left, right, first, leaf, scores
):  # pragma: no cover
    """Add what every tree says of each row in each month to ``scores``.

    A path that meets a split by month goes on with the months of the left side, and comes back for
    those of the right.

    Args:
        matrix: One row per row; the column after its last is the month.
        feature, threshold, missing, default_left, left, right: Of all inner nodes, tree by tree, as
            in ``models.boosting.tree_text.Tree``; ``leaf`` of all leaves.
        first: Of each tree and one more, its first inner node and its first leaf.
        leaf: What each leaf adds.
        scores: One row per row, a column for each month from 1 on.
    """
    rows, months = scores.shape
    node_of = np.empty(_DEEPEST, np.int64)
    begin, end = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    for row in range(rows):
        for tree in range(len(first) - 1):
            node, leaf_at = first[tree]
            nodes = first[tree + 1, 0] - node
            waiting = 1
            node_of[0], begin[0], end[0] = (0 if nodes else -1), 0, months
            while waiting:
                waiting -= 1
                at, low, high = node_of[waiting], begin[waiting], end[waiting]
                while at >= 0:
                    asked = node + at
                    if feature[asked] == matrix.shape[1]:
                        cut = int(np.floor(threshold[asked]))
                        if cut <= low:
                            at = right[asked]
                        elif cut >= high:
                            at = left[asked]
                        else:
                            node_of[waiting], begin[waiting], end[waiting] = right[asked], cut, high
                            waiting += 1
                            at, high = left[asked], cut
                        continue
                    value = matrix[row, feature[asked]]
                    goes_left = _goes_left(
                        value, threshold[asked], missing[asked], default_left[asked]
                    )
                    at = left[asked] if goes_left else right[asked]
                added = leaf[leaf_at - at - 1]
                for month in range(low, high):
                    scores[row, month] += added
