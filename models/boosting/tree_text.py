"""The trees of a LightGBM model, read from its text."""

from dataclasses import dataclass

import numpy as np

#: What a split takes for missing, as bits 2 and 3 of LightGBM's ``decision_type`` say.
NOTHING, ZERO, NAN = 0, 1, 2

# The other bits of ``decision_type``.
_CATEGORICAL, _DEFAULT_LEFT = 1, 2


class UnreadableTrees(ValueError):
    """The trees are of a kind that exact reasons in bulk do not know."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree. Its inner nodes are numbered from 0, the root; leaf ``i`` is the child ``~i``.

    Attributes:
        feature: Of each inner node, the place of the column that it asks about.
        threshold: Values up to it, itself included, go left.
        missing: ``NOTHING``, ``ZERO`` or ``NAN``.
        default_left: Whether what is missing goes left.
        left: Child of those who go left.
        right: Child of the others.
        rows: Rows that came to each inner node when the tree grew.
        leaf_value: Log-odds that each leaf adds.
        leaf_rows: Rows that came to it.
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
        """Of the rows that came to ``node``, how many went on to ``child``."""
        went = self.leaf_rows[~child] if child < 0 else self.rows[child]
        return float(went / self.rows[node])


def read_trees(text: str) -> list[Tree]:
    """The trees that LightGBM wrote as ``text``, in order.

    Raises:
        UnreadableTrees: There are several classes, a mean of trees, categorical splits, linear
            leaves, or nodes that no row came to.
    """
    head, *blocks = text.split("\nTree=")
    if "\nnum_tree_per_iteration=1\n" not in head or "\naverage_output\n" in head:
        raise UnreadableTrees("these trees are not simply added up; fit a binary model, boosted")
    return [_tree(block) for block in blocks]


def _tree(block: str) -> Tree:
    lines, _, _ = block.partition("\n\n")
    said = dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)
    if said["num_cat"] != "0" or said.get("is_linear", "0") != "0":
        raise UnreadableTrees("a tree has categorical splits or linear leaves; fit without them")
    decision = _numbers(said, "decision_type", np.int64)
    tree = Tree(
        feature=_numbers(said, "split_feature", np.int64),
        threshold=_numbers(said, "threshold", np.float64),
        missing=decision >> 2 & 3,
        default_left=(decision & _DEFAULT_LEFT) > 0,
        left=_numbers(said, "left_child", np.int64),
        right=_numbers(said, "right_child", np.int64),
        rows=_numbers(said, "internal_count", np.float64),
        leaf_value=_numbers(said, "leaf_value", np.float64),
        leaf_rows=_numbers(said, "leaf_count", np.float64),
    )
    if (decision & _CATEGORICAL).any() or (len(tree.rows) and not _all_visited(tree)):
        raise UnreadableTrees("a tree has categorical splits, or nodes that no row came to")
    return tree


def _all_visited(tree: Tree) -> bool:
    return bool((tree.rows > 0).all() and (tree.leaf_rows > 0).all())


def _numbers(said: dict[str, str], name: str, kind: type) -> np.ndarray:
    return np.array(said.get(name, "").split(), dtype=kind)
