"""Tables of exact reasons: codes by counting thresholds, cells that add up, sums that fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.shap_kernel import FEATURES, LANES
from perdura.models.boosting.shap_tables import Tables, build_tables
from perdura.models.boosting.shap_values import code_rows, explained, tables_of
from perdura.models.boosting.tree_text import UnreadableTrees, read_trees
from tests.models.boosting.test_tree_text import BLOCK, HEAD, ONE_LEAF
from tests.support.boosters import TINY, grown, values


def tables(matrix: np.ndarray, trees: int, **params: object) -> Tables:
    return build_tables(read_trees(grown(matrix, trees, **params).model_to_string()))


def code(value: float, thresholds: list[float], missing: int, default_left: bool) -> int:
    """How many thresholds lie below a value; what is missing comes first, or last."""
    shift = int(missing != 0 and default_left)
    absent = 0 if shift else len(thresholds) + 1
    if missing == 2 and np.isnan(value):
        return absent
    if np.isnan(value) or abs(value) <= float(np.float32(1e-35)):
        value = 0.0
        if missing == 1:
            return absent
    return sum(threshold < value for threshold in thresholds) + shift


@given(
    st.integers(0, 99),
    st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
)
def test_a_code_is_the_number_of_thresholds_below_a_value(seed, missing):
    matrix = values(seed, rows=120)
    found = tables(matrix, trees=3, **missing)
    extra = np.array([[value] * 8 for value in (*TINY, np.nan, 1e300)])
    asked = np.vstack([matrix[:20], extra])
    codes = code_rows(found, asked)
    for row, coding in zip(codes, found.codings, strict=True):
        feature, kind, default_left = coding.variant
        assert coding.thresholds.tolist() == sorted({*coding.thresholds.tolist()})
        expected = [
            code(value, coding.thresholds.tolist(), kind, default_left)
            for value in asked[:, feature].tolist()
        ]
        assert row.tolist() == expected


@given(st.integers(0, 99), st.sampled_from([2, 7, 31]))
def test_tables_lie_one_behind_the_other_in_groups_of_four(seed, leaves):
    found = tables(values(seed, rows=200), trees=5, num_leaves=leaves)
    count = len(found.cut_start) - 1
    assert len(found.cell_start) == count + 1
    assert (np.diff(found.group_start) % 4 == 0).all()
    assert found.group_start[-1] == count
    assert found.cells.shape == (found.cell_start[-1], LANES)
    assert (np.diff(found.cell_start) >= 1).all()
    for begin, end, cells in zip(
        found.cut_start, found.cut_start[1:], np.diff(found.cell_start), strict=False
    ):
        # All cuts passed lead to the last cell of the table.
        assert found.stride[begin:end].astype(int).sum() == cells - 1


@given(st.integers(0, 99))
def test_each_group_shares_its_columns_in_order(seed):
    found = tables(values(seed, rows=200), trees=8)
    for group, lanes in enumerate(found.lanes):
        used = [feature for feature in lanes.tolist() if feature >= 0]
        assert used == sorted({*used})
        assert len(lanes) == FEATURES
        first, last = found.group_start[group], found.group_start[group + 1]
        cuts = slice(found.cut_start[first], found.cut_start[last])
        read = {found.codings[variant].variant.feature for variant in found.variant[cuts]}
        assert read == {*used}


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_units_are_powers_of_two_with_which_the_largest_sums_fit(scale):
    (tree,) = read_trees(HEAD + BLOCK)
    text = BLOCK.replace(
        "leaf_value=0.5 -0.25 2", f"leaf_value={0.5 * scale} {-0.25 * scale} {2 * scale}"
    )
    found = build_tables(read_trees(HEAD + text))
    for unit in (found.unit, found.fine):
        assert np.log2(unit) == np.rint(np.log2(unit))
    assert found.fine < found.unit
    most = np.abs(found.cells.astype(np.int64)).max()
    assert 2**29 < most < 2**31
    assert len(tree.leaf_value) == 3


def test_the_score_is_the_sum_of_its_coarse_and_fine_part_and_of_lone_leaves():
    text = HEAD + BLOCK + ONE_LEAF.replace("Tree=0", "Tree=1")
    found = build_tables(read_trees(text))
    assert found.bias == -0.75
    rows = np.array([[-2.0, 1.0], [0.0, 1.0], [0.0, 9.0]])
    assert explained(text, rows).score.tolist() == pytest.approx([-0.25, -1.0, 1.25], abs=1e-12)
    assert found.scores.tolist() == found.cells[:, -2].tolist()


def test_trees_without_any_split_have_no_tables():
    found = build_tables(read_trees(HEAD + ONE_LEAF))
    assert (len(found.codings), len(found.cells), found.unit) == (0, 0, 1.0)
    assert found.code_type is np.uint8


@pytest.mark.parametrize(("thresholds", "kind"), [(254, np.uint8), (255, np.uint16)])
def test_codes_take_one_byte_where_that_is_enough(thresholds, kind):
    """A chain of splits, each at a threshold of its own, as many as are asked for."""
    text = HEAD
    for number in range(thresholds):
        block = BLOCK.replace("split_feature=1 0", "split_feature=1 1")
        text += block.replace("Tree=0", f"Tree={number}").replace(
            "threshold=2.5 -1", f"threshold={number + 0.5} {number + 0.5}"
        )
    text = text.replace("decision_type=10 4", "decision_type=10 10")
    found = tables_of(text)
    assert found
    assert max(len(coding.thresholds) for coding in found.codings) == thresholds
    assert found.code_type is kind


def test_trees_that_need_too_many_cells_are_refused():
    matrix = np.eye(45).repeat(8, axis=0)
    booster = grown(matrix, trees=1, num_leaves=45, min_sum_hessian_in_leaf=0.0)
    with pytest.raises(UnreadableTrees, match="fit with less depth"):
        build_tables(read_trees(booster.model_to_string()))
    assert tables_of(booster.model_to_string()) is None
