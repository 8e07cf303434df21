"""Why somebody is at risk: exact contributions, summed by signal, in words, strongest first."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.definition import Column
from perdura.features.evidence import evidence_of
from perdura.features.topics.money import written
from perdura.features.topics.phrases import as_said, say
from perdura.models.boosting.row_blocks import ROWS
from perdura.models.boosting.shap_values import contributions
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.scoring.attribution import attribute
from perdura.models.scoring.reasons import REASON, explain
from tests.support.made_up import COLUMNS, FAILED, NAMES, trained, training_set

MODEL = trained().model
SIGNAL = {column.name: column.feature.signal for column in COLUMNS}
MANY = training_set().rows.select(NAMES)
FEW = MANY.head(200)


def shap(frame: pl.DataFrame) -> np.ndarray:
    """What LightGBM itself says, its last column (everybody's mean) included."""
    matrix = MODEL.contract.encode(frame)
    return np.asarray(MODEL.booster.predict(matrix, pred_contrib=True))


@pytest.mark.parametrize("frame", [FEW, MANY.head(3_000)], ids=["few rows", "many rows"])
def test_contributions_are_lightgbms_own_missing_values_included(frame):
    assert frame["csat"].null_count() > 0
    told = contributions(MODEL.booster, MODEL.contract.encode(frame))
    assert np.abs(told - shap(frame)[:, :-1]).max() < 1e-5


def test_values_on_a_threshold_or_a_hair_above_it_go_the_same_way():
    thresholds = MODEL.booster.trees_to_dataframe().dropna(subset=["threshold"])
    matrix = np.repeat(MODEL.contract.encode(MANY.head(4)), 800, axis=0)
    random = np.random.default_rng(0)
    for place, name in enumerate(NAMES):
        cuts = thresholds.loc[thresholds["split_feature"] == name, "threshold"].to_numpy(float)
        if len(cuts):
            near = np.concatenate([cuts, np.nextafter(cuts, np.inf)])
            matrix[:, place] = random.choice(near, len(matrix))
    theirs = np.asarray(MODEL.booster.predict(matrix, pred_contrib=True))[:, :-1]
    assert np.abs(contributions(MODEL.booster, matrix) - theirs).max() < 1e-5


def test_blocks_of_rows_are_the_same_as_all_at_once():
    matrix = MODEL.contract.encode(MANY.head(5_000))
    whole = contributions(MODEL.booster, matrix)
    told = []
    parts = contributions(MODEL.booster, matrix, lambda *step: told.append(step), block_rows=2_100)
    assert np.array_equal(parts, whole)
    assert told == [(rows, 5_000, "reasons") for rows in (2_100, 4_200, 5_000)]


def test_nobody_has_no_reasons():
    assert explain(MODEL, FEW.head(0), COLUMNS).to_list() == []


def test_a_reason_adds_up_the_columns_of_its_signal_and_the_strongest_of_them_speaks():
    moved = shap(FEW)
    raised = moved[:, :-1] * MODEL.calibration.slope(MODEL.base, moved.sum(1))[:, None]
    for row, told in enumerate(explain(MODEL, FEW, COLUMNS)):
        for reason in told:
            mine = {n: raised[row, p] for p, n in enumerate(NAMES) if SIGNAL[n] == reason["signal"]}
            assert reason["weight"] == pytest.approx(sum(mine.values()), abs=1e-3)
            assert mine[reason["column"]] == pytest.approx(max(mine.values()), abs=1e-5)
            assert reason["value"] == (
                None if reason["column"] == "plan" else FEW[reason["column"]][row]
            )


def test_a_reason_carries_its_evidence_and_its_words_in_the_other_language():
    by_name = {column.name: column for column in COLUMNS}
    spanish = explain(MODEL, FEW, COLUMNS, language="es")
    for english, other in zip(explain(MODEL, FEW, COLUMNS), spanish, strict=True):
        for reason, razon in zip(english, other, strict=True):
            evidence = evidence_of(by_name[reason["column"]], by_name)
            assert reason["evidence"] == (evidence and evidence.to_json())
            assert json.loads(reason["translations"]) == {"es": razon["text"]}
            assert json.loads(razon["translations"]) == {"en": reason["text"]}


def test_reasons_only_raise_the_risk_strongest_first_at_most_four_one_per_signal():
    lists = explain(MODEL, MANY, COLUMNS).to_list()
    for told in lists:
        weights = [reason["weight"] for reason in told]
        assert weights == sorted(weights, reverse=True)
        assert all(weight > 0.04 for weight in weights)
        assert len({reason["signal"] for reason in told}) == len(told) <= 4
    assert {len(told) for told in lists} >= {0, 1, 2, 3}


def one(**values: float | str | None) -> pl.DataFrame:
    usual = dict.fromkeys(NAMES, 0.0) | {"days_since_paid": 20.0, "csat": None, "plan": "pro"}
    schema = {name: pl.String if name == "plan" else pl.Float64 for name in NAMES}
    return pl.DataFrame([usual | values], schema=schema)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "3 payments failed in the last 30 days"),
        ("es", "3 pagos fallaron en los últimos 30 días"),
    ],
)
def test_three_failed_payments_are_said_with_number_and_window(language, text):
    row = one(payments_failed_30d=3, payments_failed_90d=3)
    first = explain(MODEL, row, COLUMNS, language=language)[0][0]
    assert (first["signal"], first["text"]) == ("payment_failures", text)
    assert (first["column"], first["value"]) == ("payments_failed_30d", 3)


def test_a_category_is_named_by_its_text():
    told = explain(MODEL, one(plan="basic", tickets_open=1), COLUMNS)[0]
    by_signal = {reason["signal"]: reason for reason in told}
    assert by_signal["plan"]["text"] == "is on the basic plan"
    assert by_signal["plan"]["value"] is None


def test_amounts_are_said_in_each_rows_own_currency():
    columns = failed_in("currency")
    rows = pl.concat([one(payments_failed_30d=900.0, payments_failed_90d=900.0)] * 2)
    told = explain(MODEL, rows, columns, currency=pl.Series(["EUR", "JPY"]))
    assert [first[0]["text"] for first in told] == [
        "€9.00 failed in the last 30 days",
        "¥900 failed in the last 30 days",
    ]


def test_a_currency_column_beside_the_amount_goes_before_that_of_the_row():
    # The model's category of a few texts stands in for one of a few currencies.
    spent = ("JPY", "KWD", "USD")
    contract = ColumnContract(
        tuple(replace(c, categories=c.categories and spent) for c in MODEL.contract.columns)
    )
    paid_in = [one(payments_failed_30d=900.0, plan=code) for code in ("JPY", "KWD", None)]
    told = explain(
        replace(MODEL, contract=contract),
        pl.concat(paid_in),
        failed_in("plan"),
        currency=pl.Series(["EUR"] * 3),
    )
    texts = {r["text"] for one_of in told for r in one_of if r["signal"] == "payment_failures"}
    assert texts == {f"{n} failed in the last 30 days" for n in ("¥900", "KWD0.900", "9")}


def failed_in(currency: str) -> tuple[Column, ...]:
    """The columns, with failed payments told as an amount."""
    money = replace(
        FAILED, unit="money", currency=currency, en=replace(FAILED.en, many="{n} failed")
    )
    return (*(replace(column, feature=money) for column in COLUMNS[:2]), *COLUMNS[2:])


def test_the_order_of_the_meanings_does_not_matter():
    told = explain(MODEL, FEW, COLUMNS)
    assert told.equals(explain(MODEL, FEW, tuple(reversed(COLUMNS))))
    assert told.dtype == pl.List(REASON)


@given(st.permutations(range(30)))
def test_a_persons_reasons_do_not_depend_on_who_else_is_scored(order):
    together = explain(MODEL, FEW.head(30), COLUMNS)
    shuffled = explain(MODEL, FEW.head(30)[list(order)], COLUMNS)
    assert shuffled.to_list() == [together.to_list()[place] for place in order]


@pytest.mark.parametrize("rows", [1, 300, 3_000, 2 * ROWS + 1])
def test_scores_come_with_the_reasons_and_are_the_boosters_own(rows):
    frame = pl.concat([MANY] * (1 + rows // MANY.height)).head(rows)
    weighed = attribute(MODEL, frame, COLUMNS)
    risks = MODEL.risks(weighed.score, weighed.cause_score)
    for risk, theirs in zip(risks, MODEL.predict(frame), strict=True):
        assert np.abs(risk.to_numpy() - theirs.to_numpy()).max() < 1e-10


def test_scores_and_reasons_are_the_same_to_the_bit_on_one_core_and_on_two(tmp_path):
    MODEL.save(tmp_path)
    with ThreadPoolExecutor() as both:
        told = both.map(partial(digest_on, tmp_path), (1, 2))
    (one_core, alone), (two_cores, together) = told
    assert (one_core, two_cores) == ("1", "2")
    assert alone == together


def digest_on(folder: Path, cores: int) -> list[str]:
    """The cores that a process of its own used, and the digest of what it found."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.support.reasons_digest", str(folder)],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "POLARS_MAX_THREADS": str(cores)},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.split()


@given(
    unit=st.sampled_from(["payments", "days", "hours", "points", "share", "times", "money"]),
    value=st.floats(-20, 20) | st.floats(0, 1e7) | st.integers(0, 200).map(lambda n: n / 20),
    currency=st.sampled_from(["EUR", "JPY", "KWD", None]),
)
def test_a_value_reads_as_the_one_that_stands_for_it(unit, value, currency):
    said_in = "plan" if unit == "money" else None
    feature = replace(FAILED, unit=unit, currency=said_in, en=replace(FAILED.en, many="{n} of it"))
    column = replace(COLUMNS[0], feature=feature)
    standing = as_said(column, np.array([value]))
    assert as_said(column, standing) == standing
    assert (standing == 0) == (value == 0)
    assert say(column, value, "en", currency) == say(column, float(standing[0]), "en", currency)
    if unit == "money" and currency:
        assert written(float(standing[0]), currency, "en") == written(round(value), currency, "en")
