"""The trees of a LightGBM model, read from its text."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

#: Which values a split treats as missing: bits 2 and 3 of LightGBM's ``decision_type``.
NOTHING, ZERO, NAN = 0, 1, 2

# The other bits of ``decision_type``.
_CATEGORICAL, _DEFAULT_LEFT = 1, 2


class UnreadableTrees(ValueError):
    """The trees are of a kind that exact attributions in bulk do not support."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree. Its inner nodes are numbered from 0, the root; leaf ``i`` is the child ``~i``.

    Attributes:
        feature: Index of the column that each inner node splits on.
        threshold: Values up to and including it go left.
        missing: ``NOTHING``, ``ZERO`` or ``NAN``.
        default_left: Whether missing values go left.
        left: Left child.
        right: Right child.
        rows: Training rows that reached each inner node.
        leaf_value: Log-odds that each leaf adds.
        leaf_rows: Training rows that reached each leaf.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing: np.ndarray
    default_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    rows: np.ndarray
    leaf_value: np.ndarray
    leaf_rows: np.ndarray

    def share(self, node: int, child: int) -> float:
        """Share of the rows at ``node`` that went on to ``child``."""
        rows = self.leaf_rows[~child] if child < 0 else self.rows[child]
        return float(rows / self.rows[node])


def read_trees(text: str) -> list[Tree]:
    """The trees that LightGBM wrote as ``text``, in order.

    Raises:
        UnreadableTrees: There are several classes, a mean of trees, categorical splits, linear
            leaves, or nodes that no row reached.
    """
    head, *blocks = text.split("\nTree=")
    if "\nnum_tree_per_iteration=1\n" not in head or "\naverage_output\n" in head:
        raise UnreadableTrees("these trees are not simply added up; fit a binary model, boosted")
    return [_tree(block) for block in blocks]


def _tree(block: str) -> Tree:
    lines, _, _ = block.partition("\n\n")
    entries = dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)
    if entries["num_cat"] != "0" or entries.get("is_linear", "0") != "0":
        raise UnreadableTrees("a tree has categorical splits or linear leaves; fit without them")

    def numbers(name: str, dtype: DTypeLike) -> np.ndarray:
        return np.array(entries.get(name, "").split(), dtype=dtype)

    decision = numbers("decision_type", np.int64)
    tree = Tree(
        feature=numbers("split_feature", np.int64),
        threshold=numbers("threshold", np.float64),
        missing=decision >> 2 & 3,
        default_left=(decision & _DEFAULT_LEFT) > 0,
        left=numbers("left_child", np.int64),
        right=numbers("right_child", np.int64),
        rows=numbers("internal_count", np.float64),
        leaf_value=numbers("leaf_value", np.float64),
        leaf_rows=numbers("leaf_count", np.float64),
    )
    reached = (tree.rows > 0).all() and (tree.leaf_rows > 0).all()
    if (decision & _CATEGORICAL).any() or (len(tree.rows) and not reached):
        raise UnreadableTrees("a tree has categorical splits, or nodes that no row came to")
    return tree
