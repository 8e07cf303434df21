"""Trees read from LightGBM's text: walked through by hand they give LightGBM's own scores."""

import math

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.tree_scores import Nodes, scores, scores_by_month
from perdura.models.boosting.tree_text import NAN, NOTHING, ZERO, Tree, UnreadableTrees, read_trees
from tests.support.boosters import grown, values

HEAD = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=1\n"
#: One split on column 1 at 2.5, then the left side on column 0 at -1.
BLOCK = """
Tree=0
num_leaves=3
num_cat=0
split_feature=1 0
split_gain=9 4
threshold=2.5 -1
decision_type=10 4
left_child=1 -1
right_child=-3 -2
leaf_value=0.5 -0.25 2
leaf_weight=1 1 1
leaf_count=30 20 50
internal_value=0 0
internal_weight=0 0
internal_count=100 50
is_linear=0
shrinkage=1

"""
ONE_LEAF = "\nTree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=-0.75\nis_linear=0\nshrinkage=1\n\n"


def walked(tree: Tree, row: np.ndarray) -> float:
    """The value of the leaf that a row comes to, split by split."""
    node = 0 if len(tree.feature) else ~0
    while node >= 0:
        value, missing = row[tree.feature[node]], tree.missing[node]
        if math.isnan(value) and missing != NAN:
            value = 0.0
        is_missing = (missing == NAN and math.isnan(value)) or (
            missing == ZERO and abs(value) <= np.float32(1e-35)
        )
        left = tree.default_left[node] if is_missing else value <= tree.threshold[node]
        node = tree.left[node] if left else tree.right[node]
    return float(tree.leaf_value[~node])


def test_a_text_is_read_as_it_is_written():
    (tree,) = read_trees(HEAD + BLOCK)
    assert tree.feature.tolist() == [1, 0]
    assert tree.threshold.tolist() == [2.5, -1]
    assert tree.missing.tolist() == [NAN, ZERO]
    assert tree.default_left.tolist() == [True, False]
    assert (tree.left.tolist(), tree.right.tolist()) == ([1, ~0], [~2, ~1])
    assert (tree.rows.tolist(), tree.leaf_rows.tolist()) == ([100, 50], [30, 20, 50])
    assert tree.leaf_value.tolist() == [0.5, -0.25, 2]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ((-1, 2.5), 0.5),  # values up to the threshold go left
        ((-0.9, 2.5), -0.25),
        ((-9, 2.51), 2),
        ((-9, math.nan), 0.5),  # unknown goes left at the root
        ((math.nan, 0), -0.25),  # and right at the second split, where it is a zero
        ((0, 0), -0.25),
        ((-math.inf, -math.inf), 0.5),
    ],
)
def test_a_row_comes_to_its_leaf(row, value):
    matrix = np.array([row], float)
    (tree,) = read_trees(HEAD + BLOCK)
    assert walked(tree, matrix[0]) == value
    assert scores(HEAD + BLOCK, matrix).tolist() == [value]


@pytest.mark.parametrize(("node", "child", "share"), [(0, 1, 0.5), (0, ~2, 0.5), (1, ~0, 0.6)])
def test_shares_are_of_the_rows_that_came_to_a_node(node, child, share):
    (tree,) = read_trees(HEAD + BLOCK)
    assert tree.share(node, child) == share


def test_a_tree_without_a_split_is_its_leaf():
    (tree,) = read_trees(HEAD + ONE_LEAF)
    assert (len(tree.feature), tree.leaf_value.tolist()) == (0, [-0.75])
    assert scores(HEAD + ONE_LEAF, np.zeros((3, 2))).tolist() == [-0.75] * 3


def test_scores_of_several_trees_are_added_up():
    text = HEAD + BLOCK + ONE_LEAF.replace("Tree=0", "Tree=1") + BLOCK.replace("Tree=0", "Tree=2")
    assert len(read_trees(text)) == 3
    assert scores(text, np.array([[0.0, 9.0]])).tolist() == [2 - 0.75 + 2]
    nodes = Nodes.of(read_trees(text))
    assert nodes.first.tolist() == [[0, 0], [2, 3], [2, 4], [4, 7]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("num_cat=0", "num_cat=1"), "categorical splits or linear leaves"),
        (("is_linear=0", "is_linear=1"), "categorical splits or linear leaves"),
        (("decision_type=10 4", "decision_type=1 4"), "categorical splits, or nodes that no row"),
        (("internal_count=100 50", "internal_count=100 0"), "nodes that no row came to"),
        (("leaf_count=30 20 50", "leaf_count=30 0 50"), "nodes that no row came to"),
        (("num_tree_per_iteration=1", "num_tree_per_iteration=3"), "fit a binary model, boosted"),
        (("max_feature_idx=1\n", "max_feature_idx=1\naverage_output\n"), "not simply added up"),
    ],
)
def test_trees_of_another_kind_are_refused_with_the_reason(change, message):
    with pytest.raises(UnreadableTrees, match=message):
        read_trees((HEAD + BLOCK).replace(*change))


def test_a_model_of_several_classes_is_refused():
    matrix = np.random.default_rng(0).normal(size=(90, 2))
    params = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(matrix, np.arange(90) % 3), 1)
    with pytest.raises(UnreadableTrees, match="fit a binary model"):
        read_trees(booster.model_to_string())


@given(
    st.integers(0, 99),
    st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
    st.sampled_from([2, 15, 31]),
)
def test_walking_through_the_trees_gives_lightgbms_scores(seed, missing, leaves):
    matrix = values(seed, rows=120)
    booster = grown(matrix, trees=4, num_leaves=leaves, **missing)
    text = booster.model_to_string()
    by_hand = [sum(walked(tree, row) for tree in read_trees(text)) for row in matrix]
    theirs = np.asarray(booster.predict(matrix, raw_score=True))
    assert by_hand == pytest.approx(theirs, abs=1e-10)
    assert scores(text, matrix) == pytest.approx(theirs, abs=1e-10)


@given(st.integers(0, 99))
def test_every_row_comes_to_one_leaf_of_each_tree(seed):
    matrix = values(seed, rows=120)
    for tree in read_trees(grown(matrix, trees=3).model_to_string()):
        assert tree.leaf_rows.sum() == len(matrix)
        if len(tree.feature):
            assert tree.rows[0] == len(matrix)
        for node in range(len(tree.feature)):
            shares = [tree.share(node, child) for child in (tree.left[node], tree.right[node])]
            assert sum(shares) == pytest.approx(1)
        assert {NOTHING, ZERO, NAN} >= {*tree.missing.tolist()}


@given(st.integers(0, 99), st.sampled_from([1, 2, 11]))
def test_all_months_at_once_are_lightgbms_scores_month_by_month(seed, months):
    """The month is the column after the last, and is not given."""
    matrix = values(seed, rows=200, columns=4)
    month = np.random.default_rng(seed).integers(1, 12, 200)
    booster = grown(np.column_stack([matrix, month]), trees=5, min_data_in_leaf=3)
    found = scores_by_month(booster.model_to_string(), matrix, months)
    assert found.shape == (200, months)
    for number in range(months):
        wide = np.column_stack([matrix, np.full(200, number + 1.0)])
        theirs = np.asarray(booster.predict(wide, raw_score=True))
        assert found[:, number] == pytest.approx(theirs, abs=1e-10)


def test_rows_in_any_layout_have_the_same_scores():
    matrix = values(3, rows=50)
    text = grown(matrix).model_to_string()
    assert np.array_equal(scores(text, np.asfortranarray(matrix)), scores(text, matrix))
    assert np.array_equal(scores(text, matrix[::2]), scores(text, matrix)[::2])
    assert scores(text, matrix[:0]).shape == (0,)
