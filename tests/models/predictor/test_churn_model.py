"""The churn model: a risk in two parts, saved as text and read again as it was."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from perdura.models.boosting.booster import load_booster, mean_score, raw_scores
from perdura.models.boosting.recipe import Recipe
from perdura.models.params import BoosterParams
from perdura.models.predictor.calibration import Beta, Isotonic, Platt
from perdura.models.predictor.churn_model import (
    BOOSTER_FILE,
    CAUSE_FILE,
    CONTRACT_FILE,
    RISKS,
    ChurnModel,
    NoMonths,
)
from perdura.models.predictor.column_contract import ColumnMismatch
from perdura.models.predictor.expansion import ExpansionModel
from perdura.models.predictor.hazard_calibration import HazardCalibration
from perdura.models.predictor.survival import MONTHS, SurvivalModel
from perdura.models.predictor.typical_values import Group, TypicalValues
from tests.support.small_model import CONTRACT, FITTED_UNTIL, frame, small_model, trees

MODEL = small_model()
LATER = FITTED_UNTIL + timedelta(days=40)
EXPANSION = ExpansionModel(
    booster_text=trees(3), calibration=Platt(1.0, -1.0), days=60, fitted_until=LATER
)
MONTHLY = SurvivalModel(
    booster_text=trees(4, month=True), calibration=HazardCalibration(0.8, 0.1, 0.2, -0.1, -0.5)
)


class TestPredict:
    def test_a_risk_is_the_calibrated_score_of_the_trees(self):
        score = raw_scores(load_booster(MODEL.booster_text), CONTRACT.encode(frame()))
        assert MODEL.predict(frame())["risk"].to_numpy() == pytest.approx(expit(0.9 * score - 0.5))

    def test_its_part_by_payment_is_the_share_that_the_trees_of_the_cause_say(self):
        found = MODEL.predict(frame())
        cause = raw_scores(load_booster(trees(2)), CONTRACT.encode(frame()))
        share = (found["risk_payment"] / found["risk"]).to_numpy()
        assert share == pytest.approx(expit(1.1 * cause + 0.2))

    def test_without_such_trees_the_share_is_that_of_all_churners(self):
        found = replace(MODEL, cause_text=None).predict(frame())
        assert (found["risk_payment"] / found["risk"]).to_list() == pytest.approx([0.3] * 60)

    @given(
        st.lists(st.floats(-60, 60), min_size=1, max_size=20),
        st.sampled_from([Platt(3.0, 1.0), Beta(0.5, 2.0, 0.1), Isotonic((-1.0, 1.0), (-2.0, 2.0))]),
    )
    def test_the_parts_add_up_to_a_risk_between_zero_and_one(self, scores, curve):
        score = np.array(scores)
        found = replace(MODEL, calibration=curve).risks(score, score[::-1])
        risk, voluntary, payment = (found[name].to_numpy() for name in RISKS)
        assert ((risk > 0) & (risk < 1) & (voluntary >= 0) & (payment >= 0)).all()
        assert voluntary + payment == pytest.approx(risk, abs=1e-15)

    def test_rows_stay_in_order_and_keys_beside_them_are_not_read(self):
        keyed = frame().with_columns(subscriber_id=pl.lit("ann"), as_of=pl.lit(0))
        assert MODEL.predict(
            keyed.select("as_of", "age", "plan", "subscriber_id", "failed")
        ).equals(MODEL.predict(frame()))
        assert MODEL.predict(frame().reverse()).equals(MODEL.predict(frame()).reverse())

    def test_no_rows_are_no_risks(self):
        found = MODEL.predict(frame().clear())
        assert found.schema == dict.fromkeys(RISKS, pl.Float64)
        assert found.height == 0

    def test_other_columns_are_refused_before_anything_is_predicted(self):
        with pytest.raises(ColumnMismatch, match="missing 'age'"):
            MODEL.predict(frame().drop("age"))

    def test_attributions_add_up_from_the_mean_score(self):
        assert MODEL.base == mean_score(load_booster(MODEL.booster_text))


class TestSurvival:
    def test_the_first_month_is_one_less_the_risk_and_later_ones_are_fewer(self):
        model = replace(MODEL, months=MONTHLY)
        curve, risk = model.survival(frame()), model.predict(frame())["risk"].to_numpy()
        assert curve.shape == (60, MONTHS)
        assert curve[:, 0] == pytest.approx(1 - risk)
        assert (np.diff(curve) < 0).all()
        assert (curve > 0).all()

    def test_a_model_without_months_says_what_it_knows_and_how_to_learn_more(self):
        with pytest.raises(NoMonths, match="only of the first 45 days") as refused:
            replace(MODEL, horizon_days=45).survival(frame())
        assert "churn.rule is 'contract', churn.lead_days 0" in str(refused.value)


class TestSaved:
    @pytest.mark.parametrize(
        "own",
        [
            {},
            {"cause_text": None},
            {"calibration": Isotonic((-1.0, 0.5), (-2.0, 0.25))},
            {"unstable": ("plan", "é"), "lead_days": 7, "grace_days": 0, "churn": "silence"},
            {"evidence_fitted_until": FITTED_UNTIL - timedelta(days=90)},
            {"recipe": Recipe(booster=BoosterParams(rounds=3, rising=("failed",)))},
            {"months": MONTHLY, "expansion": EXPANSION},
            {"typical": TypicalValues((Group({}, {"failed": 1.0, "plan": "pro", "age": None}),))},
        ],
        ids=lambda own: " ".join(own) or "usual",
    )
    def test_a_model_is_read_as_it_was_written(self, tmp_path, own):
        model = replace(MODEL, **own)
        model.save(tmp_path)
        found = ChurnModel.load(tmp_path)
        assert found == model
        assert found.predict(frame()).equals(model.predict(frame()))

    def test_it_is_plain_text_that_a_person_can_read(self, tmp_path):
        replace(MODEL, unstable=("plañ",)).save(tmp_path)
        assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
            [BOOSTER_FILE, CAUSE_FILE, CONTRACT_FILE]
        )
        text = (tmp_path / CONTRACT_FILE).read_text(encoding="utf-8")
        assert "plañ" in text
        assert json.loads(text)["columns"][1]["categories"] == ["basic", "pro"]

    def test_an_older_version_without_recipe_or_evidence_date_is_read(self, tmp_path):
        MODEL.save(tmp_path)
        file = tmp_path / CONTRACT_FILE
        stored = json.loads(file.read_text(encoding="utf-8"))
        del stored["recipe"], stored["evidence_fitted_until"]
        file.write_text(json.dumps(stored), encoding="utf-8")
        found = ChurnModel.load(tmp_path)
        assert found.recipe is None
        assert found.evidence_fitted_until == found.fitted_until == FITTED_UNTIL

    def test_an_older_contract_reads_unknown_texts_as_the_trees_learnt_them(self, tmp_path):
        MODEL.save(tmp_path)
        file = tmp_path / CONTRACT_FILE
        stored = json.loads(file.read_text(encoding="utf-8"))
        for column in stored["columns"]:
            del column["unknown"]
        file.write_text(json.dumps(stored), encoding="utf-8")
        plan = ChurnModel.load(tmp_path).contract.columns[1]
        # No plan was unknown to the trees, so it is the one of middle rank of two.
        assert (plan.categories, plan.unknown) == (("basic", "pro"), 1.0)


def test_what_a_model_knows_is_what_its_youngest_part_knows():
    assert MODEL.knows_until == FITTED_UNTIL
    assert replace(MODEL, expansion=EXPANSION).knows_until == LATER
    early = replace(EXPANSION, fitted_until=FITTED_UNTIL - timedelta(days=9))
    assert replace(MODEL, expansion=early).knows_until == FITTED_UNTIL
