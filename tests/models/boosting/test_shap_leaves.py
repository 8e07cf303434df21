"""Leaves in parts: every leaf once, with the path that rows take to it, within a table's limits."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.shap_leaves import Leaf, LeafPart, Variant, parts_of
from perdura.models.boosting.tree_text import NAN, NOTHING, ZERO, Tree, UnreadableTrees, read_trees
from tests.models.boosting.test_tree_text import BLOCK, HEAD
from tests.support.boosters import grown, values

MISSING = st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}])


def meets(leaf: Leaf, row: np.ndarray) -> bool:
    """Whether a row meets every condition on the path to a leaf."""
    for (feature, missing, default_left), threshold, above in leaf.path:
        value = row[feature]
        value = 0.0 if np.isnan(value) and missing != NAN else value
        is_missing = np.isnan(value) or (missing == ZERO and abs(value) <= np.float32(1e-35))
        goes_left = default_left if is_missing else value <= threshold
        if goes_left == above:
            return False
    return True


def trees_with_splits(matrix: np.ndarray, **params: object) -> list[Tree]:
    found = read_trees(grown(matrix, trees=3, **params).model_to_string())
    return [tree for tree in found if len(tree.feature)]


def test_the_leaves_of_one_tree_by_hand():
    (tree,) = read_trees(HEAD + BLOCK)
    (part,) = parts_of(tree, 30)
    root, second = Variant(1, NAN, True), Variant(0, 1, False)
    assert part.axes == {root: {2.5}, second: {-1.0}}
    assert part.features == {0, 1}
    assert part.cells == 4
    assert {leaf.value: leaf.shares for leaf in part.leaves} == {
        0.5: {1: 0.5, 0: 0.6},
        -0.25: {1: 0.5, 0: 0.4},
        2: {1: 0.5},
    }
    assert [
        [(condition.threshold, condition.above) for condition in leaf.path]
        for leaf in sorted(part.leaves, key=lambda leaf: leaf.value)
    ] == [[(2.5, False), (-1, True)], [(2.5, False), (-1, False)], [(2.5, True)]]


@given(st.integers(0, 99), MISSING, st.sampled_from([3, 8, 30]), st.sampled_from([4, 31]))
def test_every_leaf_is_in_one_part_and_parts_fit_into_tables(seed, missing, most, leaves):
    matrix = values(seed, rows=200)
    for tree in trees_with_splits(matrix, num_leaves=leaves, max_depth=3, **missing):
        parts = parts_of(tree, most)
        found = sorted(leaf.value for part in parts for leaf in part.leaves)
        assert found == sorted(tree.leaf_value.tolist())
        for part in parts:
            assert len(part.features) <= most
            assert part.cells == prod(len(cuts) + 1 for cuts in part.axes.values())
            assert part.cells <= 256 or len(part.leaves) == 1


def test_the_leaves_of_a_large_tree_are_in_parts_that_stay_in_the_cache():
    matrix = np.random.default_rng(0).normal(size=(3_000, 6))
    for tree in trees_with_splits(matrix, num_leaves=60):
        parts = parts_of(tree, 30)
        assert len(parts) > 1
        assert all(part.cells <= 256 or len(part.leaves) == 1 for part in parts)
        assert sum(len(part.leaves) for part in parts) == len(tree.leaf_value)


@given(st.integers(0, 99), MISSING)
def test_a_row_meets_the_path_of_one_leaf_the_one_that_it_comes_to(seed, missing):
    matrix = values(seed, rows=80)
    booster = grown(matrix, trees=2, num_leaves=12, **missing)
    reached = np.asarray(booster.predict(matrix, pred_leaf=True)).reshape(80, -1).astype(int)
    for number, tree in enumerate(read_trees(booster.model_to_string())):
        if not len(tree.feature):
            continue
        leaves = [leaf for part in parts_of(tree, 30) for leaf in part.leaves]
        for row, leaf in zip(matrix, reached[:, number], strict=True):
            met = [one.value for one in leaves if meets(one, row)]
            assert met == [tree.leaf_value[leaf]]


@given(st.integers(0, 99))
def test_the_shares_on_a_path_multiply_to_the_rows_of_the_leaf(seed):
    for tree in trees_with_splits(values(seed, rows=150), num_leaves=9):
        rows = dict(zip(tree.leaf_value.tolist(), tree.leaf_rows.tolist(), strict=True))
        for part in parts_of(tree, 30):
            for leaf in part.leaves:
                if tree.leaf_value.tolist().count(leaf.value) == 1:
                    assert prod(leaf.shares.values()) * tree.rows[0] == pytest.approx(
                        rows[leaf.value]
                    )


def test_a_split_where_nothing_is_missing_has_no_side_for_it():
    """Of two splits that read a column alike, both ask one variant."""
    text = HEAD + BLOCK.replace("decision_type=10 4", "decision_type=2 0")
    (tree,) = read_trees(text)
    (part,) = parts_of(tree, 30)
    assert {*part.axes} == {Variant(1, NOTHING, False), Variant(0, NOTHING, False)}


def test_joined_parts_have_the_thresholds_of_both():
    root, other = Variant(1, NAN, True), Variant(2, NAN, False)
    one = LeafPart((Leaf(1.0, (), {}),), {root: frozenset({1.0, 2.0})})
    two = LeafPart((Leaf(2.0, (), {}),), {root: frozenset({2.0, 3.0}), other: frozenset({0.0})})
    joined = one.joined(two)
    assert joined.axes == {root: {1.0, 2.0, 3.0}, other: {0.0}}
    assert joined.cells == 8
    assert [leaf.value for leaf in joined.leaves] == [1.0, 2.0]
    assert joined.fits(2)
    assert not joined.fits(1)


def test_a_leaf_with_more_columns_than_a_table_holds_is_refused():
    (tree,) = read_trees(HEAD + BLOCK)
    with pytest.raises(UnreadableTrees, match="a leaf asks about 2 columns on its path"):
        parts_of(tree, 1)
