"""Scores of rows by trees for all months, in one walk through each tree, on one core.

LightGBM would need one prediction per month, and uses all cores for each.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from perdura.models.boosting.tree_text import Tree, read_trees


@dataclass(frozen=True, slots=True)
class Nodes:
    """Inner nodes and leaves of all trees, tree by tree, as the kernel ``add_trees`` reads them."""

    feature: np.ndarray
    threshold: np.ndarray
    missing: np.ndarray
    default_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    first: np.ndarray
    leaf: np.ndarray

    @staticmethod
    def of(trees: list[Tree]) -> "Nodes":
        """The nodes of these trees."""
        counts = [(0, 0), *((len(tree.feature), len(tree.leaf_value)) for tree in trees)]
        names = ("feature", "threshold", "missing", "default_left", "left", "right")
        return Nodes(
            **{name: np.concatenate([getattr(tree, name) for tree in trees]) for name in names},
            first=np.cumsum(counts, axis=0),
            leaf=np.concatenate([tree.leaf_value for tree in trees]),
        )


def scores(text: str, matrix: np.ndarray) -> np.ndarray:
    """The log-odds of each row; they differ from LightGBM's by about 1e-12.

    Args:
        text: LightGBM's text of the trees.
        matrix: Encoded columns, float64, unknown is NaN.

    Raises:
        UnreadableTrees: As ``read_trees``.
    """
    return scores_by_month(text, matrix, 1)[:, 0]


def scores_by_month(text: str, matrix: np.ndarray, months: int) -> np.ndarray:
    """As ``scores``, for each month from 1 to ``months``.

    Args:
        text: LightGBM's text of trees that read the month's number after the columns.
        matrix: Encoded columns without the month.
        months: Number of months.

    Returns:
        One row per row, one column per month.
    """
    from perdura.models.boosting.tree_scores_kernel import add_trees

    nodes, result = _nodes(text), np.zeros((len(matrix), months))
    add_trees(
        np.ascontiguousarray(matrix),
        nodes.feature,
        nodes.threshold,
        nodes.missing,
        nodes.default_left,
        nodes.left,
        nodes.right,
        nodes.first,
        nodes.leaf,
        result,
    )
    return result


@lru_cache(maxsize=8)
def _nodes(text: str) -> Nodes:
    return Nodes.of(read_trees(text))
