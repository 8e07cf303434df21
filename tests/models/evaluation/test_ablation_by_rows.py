"""Reason faithfulness row by row: whose reasons are taken away, and how they are counted."""

from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation.reason_faithfulness import Faithfulness, ablate_reasons
from perdura.models.scoring.reason_candidates import find_candidates
from perdura.models.scoring.reason_columns import reason_columns
from tests.support.made_up import COLUMNS, NAMES, training_set
from tests.support.small_training import small_training

MODEL = small_training().model
ROWS = training_set(people=60, dates=2).rows.select(NAMES)
RISK = MODEL.predict(ROWS)["risk"]
SCHEMA = {"signal": pl.String, "raised": pl.Int64, "lowered": pl.Float64, "given": pl.Int64}


def slow_signals(rows: pl.DataFrame) -> list[tuple[str, int, float, int]]:
    """The candidates of each row alone, counted signal by signal."""
    reasons = reason_columns(COLUMNS, (), MODEL.unstable)
    counts: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for index in range(rows.height):
        row = rows[index : index + 1]
        found = find_candidates(MODEL, row, MODEL.contract.numbers(row), reasons)
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
    return ablate_reasons(MODEL, rows, risk, COLUMNS).signals.rows()


def test_the_riskiest_tenth_is_counted_as_row_by_row():
    riskiest = RISK.arg_sort(descending=True)[:12]
    found, expected = ablated(ROWS, RISK), slow_signals(ROWS[riskiest])
    assert found == [(*line[:2], pytest.approx(line[2]), line[3]) for line in expected]
    assert found


@pytest.mark.parametrize("count", [1, 5, 19])
def test_of_few_rows_the_riskiest_one_is_taken(count):
    rows, risk = ROWS.head(count), RISK.head(count)
    top = rows[int(np.argmax(risk.to_numpy()))]
    assert [line[0] for line in ablated(rows, risk)] == [line[0] for line in slow_signals(top)]


def test_the_risk_that_is_given_decides_who_is_riskiest():
    turned = 1 - RISK
    safest = turned.arg_sort(descending=True)[:12]
    assert [line[:2] for line in ablated(ROWS, turned)] == [
        line[:2] for line in slow_signals(ROWS[safest])
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
