"""Fitting again beside holding back: better by both measures, or not published."""

from datetime import timedelta

import polars as pl
import pytest

from perdura.models.evaluation.metrics import calibration_error, evaluate
from perdura.models.evaluation.refit_comparison import (
    Procedures,
    compare_procedures,
    why_held_back,
)
from tests.support.evaluated_rows import table_of


def procedures(loss: float, error: float, dates: int = 4) -> Procedures:
    """Beside a held-back log loss of 0.2 and a calibration error of 0.02."""
    return Procedures(
        dates=dates,
        rows=1_000,
        log_loss=loss,
        calibration_error=error,
        held_back_log_loss=0.2,
        held_back_calibration_error=0.02,
    )


@pytest.mark.parametrize(
    ("loss", "error", "as_good"),
    [
        (0.2, 0.02, True),  # equal is as good
        (0.19, 0.01, True),
        (0.2001, 0.01, False),
        (0.19, 0.0201, False),
        (0.3, 0.03, False),
    ],
)
def test_a_refit_must_be_as_good_by_both_measures(loss, error, as_good):
    found = procedures(loss, error)
    assert found.refit_is_as_good is as_good
    assert (why_held_back(found) is None) is as_good


def test_why_it_is_held_back_names_both_measures_of_both_ways():
    assert why_held_back(procedures(0.25, 0.03)) == (
        "fitted again at 4 earlier dates, on all known then, its log loss was 0.2500 and its "
        "calibration error 0.0300; held back, 0.2000 and 0.0200"
    )
    assert str(why_held_back(procedures(0.25, 0.03, dates=1))).startswith(
        "fitted again at 1 earlier date, on all known then"
    )


def test_without_earlier_dates_nothing_speaks_against_it():
    assert why_held_back(None) is None


def test_both_are_measured_on_the_rows_of_all_dates_at_once():
    one = table_of([0.9, 0.2, 0.1], [1, 0, 0], refit=[0.8, 0.3, 0.2])
    rows = pl.concat([one, one.with_columns(pl.col("as_of") + timedelta(days=30))])
    found = compare_procedures(rows)
    assert (found.dates, found.rows) == (2, 6)
    assert found.log_loss == evaluate(rows, "refit", calls=1).log_loss
    assert found.held_back_log_loss == evaluate(rows, "risk", calls=1).log_loss
    assert found.calibration_error == calibration_error(rows, "refit")
    assert found.held_back_calibration_error == calibration_error(rows, "risk")
    assert not found.refit_is_as_good
