"""A reason taken away: by how much the score falls, among comparable subscribers."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.booster import Examples, load_booster, raw_scores
from perdura.models.boosting.shap_values import Explained, explained
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract, ContractColumn
from perdura.models.predictor.typical_values import TYPICAL_FILE, EncodedTypical
from perdura.models.scoring.ablation import score_falls
from perdura.models.scoring.score import score
from perdura.models.training.typical_values import learn_typical
from tests.support.boosters import grown, values
from tests.support.made_up import COLUMNS, NAMES, trained, training_set

MODEL = trained().model
ROWS = training_set().rows.head(3_000)


def typical_of(matrix: np.ndarray) -> EncodedTypical:
    """Two groups, compared by the first column."""
    compared = np.zeros((2, matrix.shape[1]), bool)
    compared[1, 0] = True
    common = np.full(compared.shape, np.nan)
    common[1, 0] = 1.0
    return EncodedTypical(matrix[:2].copy(), common, compared, matrix[:2].copy())


@given(
    seed=st.integers(0, 1_000),
    params=st.fixed_dictionaries({"max_depth": st.sampled_from([1, 4, -1])}),
    by_tables=st.booleans(),
)
def test_a_score_falls_as_lightgbms_own_does(seed, params, by_tables):
    matrix, random = values(seed), np.random.default_rng(seed)
    text = grown(matrix, **params).model_to_string()
    signal = random.integers(0, 3, matrix.shape)
    candidates = np.array([random.permutation([0, 1, 2, -1]) for _ in matrix])
    typical = typical_of(values(seed + 1))
    found = explained(text, matrix)
    falls = score_falls(
        text,
        matrix,
        found if by_tables else Explained(found.score, found.added),
        typical,
        group=typical.group_of(matrix),
        signal=signal,
        candidates=candidates,
    )
    group = np.where(matrix[:, 0] == 1.0, 1, 0)
    for number in (0, 1, 2):
        taken = signal == number
        alike = np.where(taken[:, 0], 0, group)
        without = np.where(taken, typical.values[alike], matrix)
        expected = found.score - raw_scores(load_booster(text), without)
        assert np.abs(falls[candidates == number] - expected).max() < 1e-5
    assert (falls[candidates < 0] == 0).all()


def test_typical_is_told_of_those_who_stayed_by_plan_and_interval():
    contract = ColumnContract(
        (
            ContractColumn("interval_months"),
            ContractColumn("plan", ("basic", "pro")),
            ContractColumn("days_since_paid"),
        )
    )
    monthly, yearly, gone = [1.0, 0, 15.0], [12.0, 1, 180.0], [12.0, 1, 350.0]
    matrix = np.array([monthly] * 700 + [yearly] * 500 + [gone] * 900 + [[np.nan, 0, np.nan]] * 50)
    happened = np.array([0.0] * 1_200 + [1.0] * 900 + [0.0] * 50)
    typical = learn_typical(contract, Examples(matrix, happened))
    paid = [(dict(g.of), g.values["days_since_paid"]) for g in typical.groups]
    assert paid == [
        ({}, 15.0),
        ({"interval_months": 1.0}, 15.0),
        ({"interval_months": 12.0}, 180.0),
        ({"interval_months": 1.0, "plan": "basic"}, 15.0),
        ({"interval_months": 12.0, "plan": "pro"}, 180.0),
    ]
    encoded = typical.encode(contract)
    asked = np.array([[12.0, 1, 0], [12.0, 0, 0], [1.0, 0, 0], [3.0, 1, 0], [np.nan, np.nan, 0]])
    assert encoded.group_of(asked).tolist() == [4, 2, 3, 0, 0]


def test_a_model_keeps_what_is_typical_as_plain_json(tmp_path):
    MODEL.save(tmp_path)
    assert ChurnModel.load(tmp_path) == MODEL
    everybody = json.loads((tmp_path / TYPICAL_FILE).read_text())[0]
    assert everybody["of"] == {}
    assert set(everybody["values"]) == set(NAMES)


def test_a_version_saved_before_typical_values_were_learnt_still_scores(tmp_path):
    MODEL.save(tmp_path)
    (tmp_path / TYPICAL_FILE).unlink()
    old = ChurnModel.load(tmp_path)
    assert old == replace(MODEL, typical=None)
    rows = ROWS.select("subscriber_id", "as_of", *NAMES)
    was, now = score(old, rows, COLUMNS), score(MODEL, rows, COLUMNS)
    assert was["risk"].equals(now["risk"])
    assert was["reasons"].list.len().sum() > now["reasons"].list.len().sum()


@pytest.mark.parametrize("rows", [1, 3_000])
def test_reasons_of_a_row_do_not_depend_on_the_others(rows):
    rows = ROWS.select("subscriber_id", "as_of", *NAMES).head(rows)
    whole = score(MODEL, rows, COLUMNS)["reasons"]
    halves = [score(MODEL, half, COLUMNS)["reasons"] for half in rows.iter_slices(700)]
    assert pl.concat(halves).equals(whole)
