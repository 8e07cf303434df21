"""Exact reasons in bulk: for any trees and any values, what LightGBM itself says, but quicker."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.shap_values import contributions, explained
from perdura.models.boosting.tree_text import UnreadableTrees, read_trees
from tests.support.boosters import grown, values


def check(booster: lgb.Booster, matrix: np.ndarray) -> None:
    ours = explained(booster.model_to_string(), matrix)
    theirs = np.asarray(booster.predict(matrix, pred_contrib=True))
    assert np.abs(ours.added - theirs[:, :-1]).max() < 2e-6
    assert np.abs(ours.score - np.asarray(booster.predict(matrix, raw_score=True))).max() < 1e-10


@given(
    seed=st.integers(0, 1_000),
    params=st.fixed_dictionaries(
        {
            "max_depth": st.sampled_from([1, 2, 4, 6, 8, -1]),
            "num_leaves": st.sampled_from([2, 7, 31]),
            "max_bin": st.sampled_from([2, 5, 255]),
            "learning_rate": st.sampled_from([0.04, 1.0]),
        }
    ),
    missing=st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
)
def test_contributions_and_scores_are_lightgbms_own(seed, params, missing):
    matrix = values(seed)
    booster = grown(matrix[:250], **params, **missing)
    check(booster, matrix)
    check(booster, values(seed + 1))


@pytest.mark.parametrize("missing", [{}, {"zero_as_missing": True}, {"use_missing": False}])
def test_values_on_a_threshold_or_a_hair_from_it_go_their_way(missing):
    booster = grown(values(1), trees=20, **missing)
    cuts = np.unique(np.concatenate([t.threshold for t in read_trees(booster.model_to_string())]))
    with np.errstate(over="ignore"):  # one threshold is the largest number that there is
        near = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)])
    check(booster, np.random.default_rng(0).choice(near, size=(500, 8)))


def test_more_thresholds_on_a_column_than_a_byte_can_tell_apart():
    matrix = np.random.default_rng(0).normal(size=(4_000, 1))
    booster = grown(matrix, trees=60, max_bin=2_000, num_leaves=40)
    assert len({c for t in read_trees(booster.model_to_string()) for c in t.threshold}) > 255
    check(booster, matrix[:500])


def test_trees_that_ask_nothing_add_to_the_score_and_to_no_column():
    matrix = values(2)
    alone = grown(matrix, trees=3, min_data_in_leaf=10_000)
    assert alone.trees_to_dataframe()["split_feature"].isna().all()
    check(alone, matrix)
    check(lgb.train({"verbose": -1, "min_data_in_leaf": 10_000}, two_halves(matrix), 1), matrix)


def two_halves(matrix: np.ndarray) -> lgb.Dataset:
    return lgb.Dataset(matrix, (np.arange(len(matrix)) % 2).astype(float))


def test_a_path_too_long_for_tables_is_explained_by_lightgbm_itself():
    matrix = np.eye(45).repeat(8, axis=0)
    booster = grown(matrix, trees=2, num_leaves=45, min_sum_hessian_in_leaf=0.0)
    assert max(len(tree.feature) for tree in read_trees(booster.model_to_string())) > 20
    check(booster, matrix)


@pytest.mark.parametrize(
    "params",
    [{"linear_tree": True}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}],
    ids=["linear", "forest"],
)
def test_other_kinds_of_trees_are_told_apart(params):
    booster = grown(np.nan_to_num(values(3), posinf=3, neginf=0), **params)
    with pytest.raises(UnreadableTrees, match="fit"):
        read_trees(booster.model_to_string())


def test_categorical_splits_are_explained_by_lightgbm_itself():
    matrix = np.random.default_rng(0).integers(0, 9, size=(900, 2)).astype(float)
    data = lgb.Dataset(matrix, matrix[:, 0] % 2, categorical_feature=[0])
    params = {"objective": "binary", "verbose": -1, "min_data_per_group": 5}
    booster = lgb.train(params, data, 3)
    with pytest.raises(UnreadableTrees, match="categorical"):
        read_trees(booster.model_to_string())
    check(booster, matrix)


def test_a_row_is_explained_alike_to_the_bit_whatever_stands_beside_it():
    matrix = values(4, rows=3_000)
    booster = grown(matrix, trees=30)
    whole = contributions(booster, matrix)
    assert np.array_equal(contributions(booster, matrix, block_rows=700), whole)
    assert np.array_equal(contributions(booster, matrix[1_500:1_501])[0], whole[1_500])
    alone = explained(booster.model_to_string(), np.asfortranarray(matrix[::-1]))
    assert np.array_equal(alone.added[::-1], whole)
