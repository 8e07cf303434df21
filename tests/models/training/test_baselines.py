"""The baselines: a constant, a rule and a line, each by hand or beside scikit-learn."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from perdura.models.boosting.booster import Examples
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.training.baselines import (
    BASELINES,
    RECENCY,
    baseline_risks,
    logistic_risk,
    recency_risk,
)
from perdura.models.training.own_rate import PRIOR_ROWS, own_rate


def made_rows(rows: int = 600, seed: int = 0) -> pl.DataFrame:
    """Those who paid long ago leave more often; ``plan`` says something, ``empty`` nothing."""
    random = np.random.default_rng(seed)
    days, plan = random.uniform(0, 60, rows), random.choice(["basic", "pro"], rows)
    odds = days / 15 - 3 + (plan == "basic")
    return pl.DataFrame(
        {
            RECENCY: days,
            "plan": plan,
            "empty": pl.Series([None] * rows, dtype=pl.Float64),
            "churned": random.random(rows) < 1 / (1 + np.exp(-odds)),
        }
    )


ROWS = made_rows()
CONTRACT = learn_contract(ROWS, [RECENCY, "plan", "empty"])
FIT = Examples(CONTRACT.numbers(ROWS), ROWS["churned"].to_numpy().astype(float))
TEST = CONTRACT.numbers(made_rows(200, seed=1))


def test_only_what_is_wanted_is_computed():
    assert set(baseline_risks(CONTRACT, FIT, FIT, TEST)) == {"constant", "logistic", "recency"}
    assert set(baseline_risks(CONTRACT, FIT, FIT, TEST, ("constant",))) == {"constant"}
    assert baseline_risks(CONTRACT, FIT, FIT, TEST, ()) == {}
    assert set(BASELINES) == {"constant", "own_rate", "recency", "logistic"}


def test_without_the_column_there_is_no_recency():
    contract = learn_contract(ROWS, ["plan", "empty"])
    fit = replace(FIT, matrix=FIT.matrix[:, 1:])
    assert "recency" not in baseline_risks(contract, fit, fit, TEST[:, 1:])


def test_the_constant_is_the_rate_of_all_rows_also_where_non_churners_were_sampled():
    fit = Examples(np.zeros((10, 3)), np.array([1.0] * 4 + [0.0] * 6), share=0.25)
    found = baseline_risks(CONTRACT, fit, FIT, TEST, ("constant",))["constant"]
    assert found.tolist() == [pytest.approx(4 / (4 + 6 / 0.25))] * 200


@given(
    days=st.lists(st.one_of(st.none(), st.floats(0, 500)), min_size=2, max_size=30),
)
def test_by_recency_the_longest_wait_ranks_first_and_before_it_those_who_never_paid(days):
    matrix = np.array([[np.nan if day is None else day] for day in days])
    calibrate = Examples(np.linspace(0, 90, 60)[:, None], (np.arange(60) > 40).astype(float))
    risk = recency_risk(calibrate, matrix, 0)
    waited = [np.inf if day is None else day for day in days]
    assert ((risk > 0) & (risk < 1)).all()
    order = np.argsort(waited, kind="stable")
    assert (np.diff(risk[order]) >= 0).all()


def test_where_no_one_ever_paid_all_have_one_risk():
    never = Examples(np.full((8, 1), np.nan), np.array([1.0, 0.0] * 4))
    risk = recency_risk(never, np.full((3, 1), np.nan), 0)
    assert len(set(risk.tolist())) == 1
    assert 0 < risk[0] < 1


def test_a_longer_wait_than_any_known_counts_more_than_never():
    calibrate = Examples(np.array([[1.0], [30.0], [np.nan]]), np.array([0.0, 1.0, 1.0]))
    long, never, short = recency_risk(calibrate, np.array([[400.0], [np.nan], [2.0]]), 0)
    assert never > long > short


def test_the_line_is_scikit_learns_on_scaled_numbers():
    numbers = ROWS.select(RECENCY)
    contract = learn_contract(ROWS, [RECENCY])
    fit = Examples(contract.numbers(numbers), FIT.happened)
    test = TEST[:, [0]]
    scaler = StandardScaler().fit(fit.matrix)
    line = LogisticRegression(C=0.1).fit(scaler.transform(fit.matrix), fit.happened)
    expected = line.predict_proba(scaler.transform(test))[:, 1]
    assert logistic_risk(contract, fit, test) == pytest.approx(expected, abs=1e-4)


def test_unknown_numbers_texts_and_empty_columns_are_no_obstacle():
    holes = TEST.copy()
    holes[::2, 0] = np.nan
    holes[::3, 1] = np.nan
    risk = logistic_risk(CONTRACT, FIT, holes)
    assert np.isfinite(risk).all()
    assert ((risk > 0) & (risk < 1)).all()


def test_odds_among_sampled_rows_are_corrected_to_those_of_all():
    whole, sampled = (logistic_risk(CONTRACT, fit, TEST) for fit in (FIT, replace(FIT, share=0.5)))
    odds = [risk / (1 - risk) for risk in (whole, sampled)]
    assert odds[1] == pytest.approx(odds[0] / 2)
    assert spearmanr(whole, sampled).statistic == pytest.approx(1)


def test_one_row_and_many_rows_are_predicted_alike():
    whole = logistic_risk(CONTRACT, FIT, TEST)
    assert logistic_risk(CONTRACT, FIT, TEST[:1]) == pytest.approx(whole[:1])


@given(
    fit=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=20),
    test=st.lists(st.sampled_from("abcd"), min_size=1, max_size=6),
    share=st.sampled_from([1.0, 0.5, 0.1]),
)
def test_the_own_rate_by_loops(fit, test, share):
    weight = {True: 1.0, False: 1 / share}
    overall = sum(left for _, left in fit) / sum(weight[left] for _, left in fit)
    expected = [
        (sum(left for name, left in fit if name == person) + PRIOR_ROWS * overall)
        / (sum(weight[left] for name, left in fit if name == person) + PRIOR_ROWS)
        for person in test
    ]
    schema = {"subscriber_id": pl.String, "churned": pl.Boolean}
    found = own_rate(
        pl.DataFrame(fit, schema=schema, orient="row"), pl.DataFrame({"subscriber_id": test}), share
    )
    assert found == pytest.approx(np.array(expected))
