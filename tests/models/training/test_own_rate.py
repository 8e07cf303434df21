"""The baseline that is constant per subscriber: their own past rate, drawn towards all."""

from dataclasses import replace

import polars as pl
import pytest

from perdura.models.training.own_rate import PRIOR_ROWS, own_rate
from tests.models.promotion.test_decision import GOOD, WORSE, evaluated, verdict
from tests.support.made_up import trained


def rows(**outcomes: str) -> pl.DataFrame:
    """One row per letter: ``L`` left, ``s`` stayed."""
    pairs = [(who, letter == "L") for who, letters in outcomes.items() for letter in letters]
    return pl.DataFrame(pairs, schema=["subscriber_id", "churned"], orient="row")


def test_a_subscriber_who_always_left_is_riskier_than_one_who_never_did():
    fit = rows(ann="LLLL", bob="ssss")
    said = own_rate(fit, rows(bob="s", ann="s", cem="s"))
    assert said.tolist() == pytest.approx(
        [PRIOR_ROWS * 0.5 / (4 + PRIOR_ROWS), (4 + PRIOR_ROWS * 0.5) / (4 + PRIOR_ROWS), 0.5]
    )


def test_where_stayers_were_sampled_each_stands_for_several():
    # One of four stayers was taken: 1 leaver of 9 rows, not of 3.
    said = own_rate(rows(ann="L", bob="ss"), rows(cem="s"), non_churners=0.25)
    assert said.tolist() == pytest.approx([1 / 9])


def test_accounts_of_one_person_share_their_past():
    fit = rows(old="LL", bob="ss").with_columns(owner=pl.Series(["new", "new", "bob", "bob"]))
    asked = rows(new="s").with_columns(owner=pl.lit("new"))
    assert own_rate(fit, asked)[0] > 0.5


def test_it_is_judged_beside_the_others():
    assert "own_rate" in trained().metrics_by_model
    assert trained().test_rows["own_rate"].null_count() == 0


def test_a_model_that_says_no_more_than_it_is_refused():
    told = {"model": GOOD, "constant": WORSE, "own_rate": replace(GOOD, log_loss=0.09)}
    decided = verdict(evaluated(), told)
    assert not decided.promoted
    assert "predicting each subscriber's own past rate (0.0900)" in decided.reasons[0]
