"""SHAP values beside Shapley's definition: every coalition of columns, one by one."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.shap_values import explained
from perdura.models.boosting.tree_text import Tree, read_trees
from tests.models.boosting.test_tree_text import BLOCK, HEAD, ONE_LEAF
from tests.support.boosters import grown, values


def goes_left(tree: Tree, node: int, value: float) -> bool:
    missing = tree.missing[node]
    if np.isnan(value) and missing == 2:
        return bool(tree.default_left[node])
    value = 0.0 if np.isnan(value) else value
    if missing == 1 and abs(value) <= np.float32(1e-35):
        return bool(tree.default_left[node])
    return bool(value <= tree.threshold[node])


def expected(tree: Tree, row: np.ndarray, known: frozenset[int], node: int) -> float:
    """The mean of the leaves that training rows came to, with the known columns as in the row."""
    if node < 0:
        return float(tree.leaf_value[~node])
    left, right = int(tree.left[node]), int(tree.right[node])
    feature = int(tree.feature[node])
    if feature in known:
        return expected(tree, row, known, left if goes_left(tree, node, row[feature]) else right)
    return sum(
        tree.share(node, child) * expected(tree, row, known, child) for child in (left, right)
    )


def shapley(trees: list[Tree], row: np.ndarray) -> list[float]:
    """Each column's mean addition over all orders in which columns become known."""
    columns = range(len(row))

    def value(known: frozenset[int]) -> float:
        return sum(expected(tree, row, known, 0 if len(tree.feature) else ~0) for tree in trees)

    found = []
    for column in columns:
        others = [one for one in columns if one != column]
        total = 0.0
        for size in range(len(others) + 1):
            weight = factorial(size) * factorial(len(others) - size) / factorial(len(row))
            for known in map(frozenset, combinations(others, size)):
                total += weight * (value(known | {column}) - value(known))
        found.append(total)
    return found


def test_by_hand_for_one_tree():
    """Half of the rows went left at the root, to leaves of 0.2 in the mean; half right, to 2."""
    found = explained(HEAD + BLOCK, np.array([[-2.0, 1.0]]))
    # With column 1 known: 0.6 * 0.5 + 0.4 * -0.25 = 0.2; with column 0 too: 0.5.
    # With column 0 known alone: half of 0.5 and half of 2 = 1.25; with none: 0.1 + 1 = 1.1.
    column_1 = ((0.2 - 1.1) + (0.5 - 1.25)) / 2
    column_0 = ((0.5 - 0.2) + (1.25 - 1.1)) / 2
    assert found.added[0] == pytest.approx([column_0, column_1], abs=1e-6)
    assert found.score[0] == pytest.approx(0.5)


@given(st.integers(0, 60), st.sampled_from([{}, {"zero_as_missing": True}]))
def test_for_any_trees_of_a_few_columns(seed, missing):
    matrix = values(seed, rows=120, columns=4)
    text = grown(matrix, trees=2, num_leaves=6, **missing).model_to_string()
    rows = matrix[:3]
    found = explained(text, rows)
    by_definition = [shapley(read_trees(text), row) for row in rows]
    assert found.added == pytest.approx(np.array(by_definition), abs=2e-6)


def test_a_column_that_no_tree_reads_adds_nothing_and_a_leaf_alone_adds_to_no_column():
    text = HEAD.replace("max_feature_idx=1", "max_feature_idx=2") + BLOCK
    assert explained(text, np.array([[-2.0, 1.0, 9.0]])).added[0, 2] == 0
    alone = explained(HEAD + ONE_LEAF, np.zeros((2, 2)))
    assert alone.added.tolist() == [[0, 0], [0, 0]]
    assert alone.score.tolist() == [-0.75, -0.75]
