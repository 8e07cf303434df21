"""The expansion model: the calibrated score of its trees, saved beside its churn model."""

import numpy as np
import pytest
from scipy.special import expit

from perdura.models.boosting.booster import raw_scores
from perdura.models.predictor.calibration import Beta, Platt
from perdura.models.predictor.expansion import FOLDER, ExpansionModel
from tests.support.small_model import CONTRACT, FITTED_UNTIL, frame, trees

MODEL = ExpansionModel(
    booster_text=trees(3), calibration=Platt(0.7, -1.5), days=60, fitted_until=FITTED_UNTIL
)
MATRIX = CONTRACT.encode(frame())


def test_a_chance_is_the_calibrated_score_of_the_trees():
    score = raw_scores(MODEL.booster, MATRIX)
    found = MODEL.predict_encoded(MATRIX)
    assert found == pytest.approx(expit(0.7 * score - 1.5))
    assert ((found > 0) & (found < 1)).all()


def test_no_rows_have_no_chance():
    assert MODEL.predict_encoded(MATRIX[:0]).shape == (0,)


@pytest.mark.parametrize("curve", [Platt(0.7, -1.5), Beta(0.5, 1.5, 0.25)])
def test_it_is_read_as_it_was_written(tmp_path, curve):
    model = ExpansionModel(
        booster_text=trees(3), calibration=curve, days=45, fitted_until=FITTED_UNTIL
    )
    model.save(tmp_path / "new" / "folder")
    found = ExpansionModel.load(tmp_path / "new" / "folder")
    assert found == model
    assert found
    assert np.array_equal(found.predict_encoded(MATRIX), model.predict_encoded(MATRIX))
    assert [part.name for part in (tmp_path / "new" / "folder").iterdir()] == [FOLDER]


def test_a_folder_without_one_has_none(tmp_path):
    assert ExpansionModel.load(tmp_path) is None
