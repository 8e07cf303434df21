"""A score's columns: what stands beside the risk, and when."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from perdura.features.catalogue import COLUMNS
from perdura.models.predictor.calibration import Platt
from perdura.models.predictor.expansion import ExpansionModel
from perdura.models.predictor.hazard_calibration import HazardCalibration
from perdura.models.predictor.survival import SurvivalModel, survival
from perdura.models.scoring.attribution import attribute
from perdura.models.scoring.lifetime_value import AMOUNTS, STAYING, Valuation, worth_of
from perdura.models.scoring.score import score, unknown_values
from perdura.models.scoring.thresholds import Thresholds
from tests.support.small_model import CONTRACT, FITTED_UNTIL, frame, small_model, trees

#: The model's columns, as of the catalogue: any number, a plan, an age.
MEANT = [
    replace(COLUMNS[like], name=name)
    for name, like in [
        ("failed", "payments_failed_90d"),
        ("plan", "plan"),
        ("age", "days_since_first_start"),
    ]
]
MODEL = small_model()
ROWS = frame().with_columns(
    subscriber_id=pl.Series([f"s{number:02}" for number in range(60)]), as_of=pl.lit(0)
)
ABOUT = ROWS.select(
    "subscriber_id", state=pl.lit("active"), mrr=pl.lit(1_000), currency=pl.lit("EUR")
)
WHOLE = replace(
    MODEL,
    months=SurvivalModel(
        booster_text=trees(4, month=True), calibration=HazardCalibration(0.8, 0.1, intercept=-1)
    ),
    expansion=ExpansionModel(
        booster_text=trees(3), calibration=Platt(1.0, -1.0), days=60, fitted_until=FITTED_UNTIL
    ),
)


def test_a_row_has_its_id_risk_reasons_action_and_advice():
    found = score(MODEL, ROWS, MEANT)
    assert found.columns == [
        "subscriber_id",
        "risk",
        "risk_voluntary",
        "risk_payment",
        "reasons",
        "action",
        "action_text",
        "offer",
        "advice",
        "unknown_values",
    ]
    assert found["subscriber_id"].equals(ROWS["subscriber_id"])
    np.testing.assert_allclose(found["risk"], MODEL.predict(ROWS)["risk"], rtol=1e-9)


def test_what_is_known_beside_the_rows_is_carried_along():
    found = score(MODEL, ROWS, MEANT, about=ABOUT)
    assert found.columns[:4] == ["subscriber_id", "state", "mrr", "currency"]
    assert not {*AMOUNTS} & {*found.columns}, "no value without a survival model"


def test_the_value_is_that_of_the_curve_that_begins_with_the_risk():
    valuation = Valuation(margin=0.5, discount=0.2, months=24)
    found = score(WHOLE, ROWS, MEANT, about=ABOUT, valuation=valuation)
    matrix, risk = CONTRACT.encode(ROWS), found["risk"].to_numpy()
    assert WHOLE.months
    curve = survival(risk, WHOLE.months.hazards(matrix, risk))
    worth = worth_of(curve, ABOUT["mrr"], ABOUT["currency"], valuation, month_days=30)
    assert found.select(AMOUNTS).equals(worth.select(AMOUNTS))
    np.testing.assert_allclose(found.select(STAYING), worth.select(STAYING), rtol=1e-9)
    without = score(WHOLE, ROWS, MEANT, about=ABOUT.drop("mrr"))
    assert not {*AMOUNTS} & {*without.columns}


def test_the_chance_of_an_expansion_is_offered_only_where_no_escalated_ticket_may_be_open():
    assert WHOLE.expansion
    chance = WHOLE.expansion.predict_encoded(CONTRACT.encode(ROWS))
    assert attribute(WHOLE, ROWS, MEANT).offer == pytest.approx(chance)
    found = score(WHOLE, ROWS, MEANT, about=ABOUT, thresholds=Thresholds(high=0.5))
    assert found["offer"].is_null().all()
    assert {*found["advice"].to_list()} == {"save", "leave_alone"}
    silent = found.select(pl.col("advice") == "leave_alone", pl.col("action") == "leave_alone")
    assert silent["advice"].equals(silent["action"].alias("advice"))


@pytest.mark.parametrize(
    ("plans", "marks"),
    [
        (["basic", None, "pro"], [None, None, None]),
        (["basic", "team", ""], [None, "plan", "plan"]),
    ],
)
def test_unknown_values_name_the_columns_with_a_text_never_seen(plans, marks):
    rows = frame(3).with_columns(plan=pl.Series(plans, dtype=pl.String))
    assert unknown_values(MODEL, rows).to_list() == marks


def test_unknown_values_of_several_columns_are_named_in_the_order_of_the_contract():
    more = replace(CONTRACT.columns[1], name="currency")
    model = replace(MODEL, contract=replace(CONTRACT, columns=(*CONTRACT.columns, more)))
    rows = frame(3).with_columns(
        plan=pl.Series(["team", "pro", "team"]), currency=pl.Series(["x", "x", "pro"])
    )
    found = unknown_values(model, rows)
    assert found.to_list() == ["plan, currency", "currency", "plan"]
    assert found.name == "unknown_values"


@pytest.mark.parametrize(
    ("about", "message"),
    [
        (ABOUT.head(59), "score 60 rows with 59 rows"),
        (ABOUT.reverse(), "in another order"),
        (ABOUT.with_columns(subscriber_id=pl.lit("s00")), "about other people"),
    ],
)
def test_attributes_of_other_rows_are_refused(about, message):
    with pytest.raises(ValueError, match=message) as refused:
        score(MODEL, ROWS, MEANT, about=about)
    assert "give both from one spine" in str(refused.value)


def test_no_rows_are_scored_as_none():
    found = score(WHOLE, ROWS.clear(), MEANT, about=ABOUT.clear())
    assert found.height == 0
    assert {"risk", "reasons", "cltv", "advice"} <= {*found.columns}


def test_attributions_are_the_same_in_any_order_of_rows_and_of_definitions():
    there = attribute(WHOLE, ROWS, MEANT)
    back = attribute(WHOLE, ROWS.reverse(), MEANT[::-1])
    assert np.array_equal(there.score, back.score[::-1])
    assert there.hazards is not None
    assert back.hazards is not None
    assert np.array_equal(there.hazards, back.hazards[::-1])
    assert np.array_equal(there.count, back.count[::-1])
    assert there.signal_names == back.signal_names


def test_progress_counts_the_rows():
    steps = []
    attribute(MODEL, ROWS, MEANT, lambda *step: steps.append(step))
    assert steps == [(60, 60, "reasons")]
