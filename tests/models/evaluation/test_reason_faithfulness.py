"""Reasons that are true of the model, and reasons that are never given."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation.reason_faithfulness import Faithfulness, ablate_reasons
from perdura.models.scoring.attribution import attribute
from perdura.models.scoring.reason_candidates import find_candidates
from perdura.models.scoring.reason_columns import UnknownName, reason_columns
from perdura.models.scoring.score import score
from perdura.models.training.train import train
from tests.support.made_up import COLUMNS, NAMES, PARAMS, trained, training_set
from tests.support.small_training import small_training

MODEL = trained().model
KEYS = ["subscriber_id", "as_of"]
ROWS = training_set().rows.filter(pl.col("as_of") == pl.col("as_of").max()).select(*KEYS, *NAMES)
TOLD = reason_columns(COLUMNS, ())


def reasons(**how) -> set[str]:
    """The signals that anybody's reasons name."""
    told = score(how.pop("model", MODEL), ROWS, COLUMNS, **how)["reasons"]
    return set(told.explode().drop_nulls().struct.field("signal"))


def test_taking_away_what_is_stated_lowers_the_score():
    told = trained().faithfulness
    assert {"payment_failures", "open_tickets"} <= set(told.signals["signal"])
    assert told.lowered is not None
    assert told.lowered > 0.85
    assert trained().metrics["reasons_lowered"] == told.lowered


def test_how_often_taking_away_lowers_is_weighed_by_how_often_it_was_tried():
    shape = {"signal": pl.String, "raised": pl.Int64, "lowered": pl.Float64, "given": pl.Int64}
    rows = [("good", 90, 0.95, 85), ("bad", 60, 0.5, 30), ("rare", 9, 0.1, 0)]
    found = Faithfulness(pl.DataFrame(rows, shape, orient="row"))
    assert found.lowered == pytest.approx((90 * 0.95 + 60 * 0.5 + 9 * 0.1) / 159)


def test_what_does_not_lower_the_score_of_a_row_is_not_given_for_that_row():
    found = find_candidates(MODEL, ROWS, MODEL.contract.numbers(ROWS), TOLD)
    given = np.zeros(found.signal.shape, bool)
    given[found.shown()] = True
    assert (found.fall[given] > 0.1).all()
    assert ((found.signal >= 0) & ~given).any()


def test_what_is_small_beside_the_strongest_is_not_given():
    rows = score(MODEL, ROWS, COLUMNS)["reasons"].list.eval(pl.element().struct.field("weight"))
    several = rows.filter(rows.list.len() > 1)
    assert (several.list.min() > 0.149 * several.list.max()).all()


def test_what_an_older_version_says_is_unstable_is_not_given_and_nothing_else_changes():
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
        attribute(MODEL, ROWS.select(NAMES), COLUMNS, unnamed=("csta",))


def test_a_model_keeps_what_its_reasons_do_not_name(tmp_path):
    shaky = replace(MODEL, unstable=("open_tickets",))
    shaky.save(tmp_path)
    assert type(shaky).load(tmp_path) == shaky


def test_what_may_not_be_named_is_not_taken_away_either():
    evaluated = trained().test_rows
    rows = evaluated.select(KEYS).join(training_set().rows, on=KEYS, maintain_order="left")
    told = ablate_reasons(MODEL, rows, evaluated["risk"], COLUMNS, ("open_tickets",))
    assert "open_tickets" not in set(told.signals["signal"])
    assert "open_tickets" not in set(
        train(training_set(), PARAMS, unnamed=("open_tickets",)).faithfulness.signals["signal"]
    )


# Reason faithfulness row by row: whose reasons are taken away, and how they are counted.

SMALL_MODEL = small_training().model
SMALL_ROWS = training_set(people=60, dates=2).rows.select(NAMES)
RISK = SMALL_MODEL.predict(SMALL_ROWS)["risk"]
SCHEMA = {"signal": pl.String, "raised": pl.Int64, "lowered": pl.Float64, "given": pl.Int64}


def slow_signals(rows: pl.DataFrame) -> list[tuple[str, int, float, int]]:
    """The candidates of each row alone, counted signal by signal."""
    reasons = reason_columns(COLUMNS, (), SMALL_MODEL.unstable)
    counts: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for index in range(rows.height):
        row = rows[index : index + 1]
        found = find_candidates(SMALL_MODEL, row, SMALL_MODEL.contract.numbers(row), reasons)
        given = set(zip(*found.shown(), strict=True))
        for place in range(found.signal.shape[1]):
            if (number := found.signal[0, place]) >= 0:
                counts[reasons.signals[number]].append(
                    (bool(found.faithful[0, place]), (0, place) in given)
                )
    lines = [
        (signal, len(parts), float(np.mean([low for low, _ in parts])), sum(g for _, g in parts))
        for signal, parts in counts.items()
    ]
    return sorted(lines, key=lambda line: (-line[1], line[0]))


def ablated(rows: pl.DataFrame, risk: pl.Series) -> list[tuple[str, int, float, int]]:
    return ablate_reasons(SMALL_MODEL, rows, risk, COLUMNS).signals.rows()


def test_the_riskiest_tenth_is_counted_as_row_by_row():
    riskiest = RISK.arg_sort(descending=True)[:12]
    found, expected = ablated(SMALL_ROWS, RISK), slow_signals(SMALL_ROWS[riskiest])
    assert found == [(*line[:2], pytest.approx(line[2]), line[3]) for line in expected]
    assert found


@pytest.mark.parametrize("count", [1, 5, 19])
def test_of_few_rows_the_riskiest_one_is_taken(count):
    rows, risk = SMALL_ROWS.head(count), RISK.head(count)
    top = rows[int(np.argmax(risk.to_numpy()))]
    assert [line[0] for line in ablated(rows, risk)] == [line[0] for line in slow_signals(top)]


def test_the_risk_that_is_given_decides_who_is_riskiest():
    turned = 1 - RISK
    safest = turned.arg_sort(descending=True)[:12]
    assert [line[:2] for line in ablated(SMALL_ROWS, turned)] == [
        line[:2] for line in slow_signals(SMALL_ROWS[safest])
    ]


def test_where_no_signal_raised_a_score_nothing_can_be_said():
    assert Faithfulness(pl.DataFrame(schema=SCHEMA)).lowered is None


@pytest.mark.parametrize(
    ("lines", "lowered"),
    [
        ([("a", 1, 1.0, 1)], 1.0),
        ([("a", 3, 1.0, 3), ("b", 1, 0.0, 0)], 0.75),
        ([("a", 10, 0.0, 0)], 0.0),
    ],
)
def test_the_share_is_of_all_that_were_taken_away(lines, lowered):
    found = Faithfulness(pl.DataFrame(lines, schema=SCHEMA, orient="row"))
    assert found.lowered == pytest.approx(lowered)
