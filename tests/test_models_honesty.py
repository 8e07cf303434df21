"""Reasons that are true of the model, and reasons that are never given."""

from dataclasses import replace

import polars as pl
import pytest

from models.honesty import Honesty, take_reasons_away
from models.score import score
from models.train import train
from models.weighing import UnknownName, weigh
from tests.made_up import COLUMNS, NAMES, PARAMS, trained, training_set

MODEL = trained().model
KEYS = ["subscriber_id", "as_of"]
ROWS = training_set().rows.filter(pl.col("as_of") == pl.col("as_of").max()).select(*KEYS, *NAMES)


def reasons(**how) -> set[str]:
    """The signals that anybody's reasons name."""
    told = score(how.pop("model", MODEL), ROWS, COLUMNS, **how)["reasons"]
    return set(told.explode().drop_nulls().struct.field("signal"))


def test_taking_away_what_is_stated_lowers_the_score():
    told = trained().honesty
    assert {"payment_failures", "open_tickets"} <= set(told.signals["signal"])
    assert told.lowered is not None
    assert told.lowered > 0.95
    assert trained().metrics["reasons_lowered"] == told.lowered


def test_a_signal_whose_absence_seldom_lowers_the_score_is_unstable():
    shape = {"signal": pl.String, "stated": pl.Int64, "lowered": pl.Float64}
    told = Honesty(
        pl.DataFrame([("good", 90, 0.95), ("bad", 60, 0.5), ("rare", 9, 0.1)], shape, orient="row")
    )
    assert told.unstable == ("bad",)
    assert told.lowered == pytest.approx((90 * 0.95 + 9 * 0.1) / 99)


def test_unstable_signals_are_not_given_as_reasons_and_nothing_else_changes():
    shaky = replace(MODEL, unstable=("open_tickets",))
    assert "open_tickets" in reasons()
    assert reasons() - {"open_tickets"} <= reasons(model=shaky)
    assert "open_tickets" not in reasons(model=shaky)
    risks = ["risk", "risk_voluntary", "risk_payment"]
    assert (
        score(shaky, ROWS, COLUMNS).select(risks).equals(score(MODEL, ROWS, COLUMNS).select(risks))
    )


@pytest.mark.parametrize("name", ["plan", "low_satisfaction", "csat"])
def test_what_may_not_be_named_never_is(name):
    told = score(MODEL, ROWS, COLUMNS, unnamed=(name,))["reasons"].explode().drop_nulls()
    assert len(told) > 0
    named = {*told.struct.field("signal"), *told.struct.field("column")}
    assert name not in named


def test_a_name_that_there_is_not_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'csat'"):
        weigh(MODEL, ROWS.select(NAMES), COLUMNS, unnamed=("csta",))


def test_a_model_keeps_what_its_reasons_do_not_name(tmp_path):
    shaky = replace(MODEL, unstable=("open_tickets",))
    shaky.save(tmp_path)
    assert type(shaky).load(tmp_path) == shaky


def test_what_may_not_be_named_is_not_taken_away_either():
    judged = trained().judged
    rows = judged.select(KEYS).join(training_set().rows, on=KEYS, maintain_order="left")
    told = take_reasons_away(MODEL, rows, judged["risk"], COLUMNS, ("open_tickets",))
    assert "open_tickets" not in set(told.signals["signal"])
    assert "open_tickets" not in set(
        train(training_set(), PARAMS, unnamed=("open_tickets",)).honesty.signals["signal"]
    )
