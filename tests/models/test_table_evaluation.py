"""The evaluation of a table model: as a night's, with each row its own, and in words."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from perdura.models.boosting.booster import Examples
from perdura.models.evaluation.intervals import Interval
from perdura.models.evaluation.leakage_signals import ranking_alone
from perdura.models.table_evaluation import Measured, TableEvaluation, alone, evaluate_table
from perdura.models.training.calibrate import choose_calibration

QUIET = pl.DataFrame({"column": ["a"], "alone": [0.6], "missingness": [0.5]})


def made(rows: int = 300, seed: int = 0):
    """People, outcomes, log-odds that say them, and folds."""
    random = np.random.default_rng(seed)
    score = random.normal(-1, 1.2, rows)
    happened = (random.random(rows) < 1 / (1 + np.exp(-score))).astype(float)
    people = pl.Series([f"p{k // 2}" for k in range(rows)])
    return people, happened, score, np.arange(rows) % 5


def calibrated(score: np.ndarray, happened: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The risk of each row by a calibration of the four other folds, the newer half last."""
    risk = np.empty(len(score))
    for number in range(5):
        others = fold != number
        later = fold[others] >= np.median(fold[others])
        curve = choose_calibration(score[others], happened[others], later)
        risk[~others] = curve.apply(score[~others])
    return risk


def test_its_metrics_are_those_of_risks_calibrated_on_other_folds():
    people, happened, score, fold = made()
    found = evaluate_table(people, happened, score, fold, QUIET)
    risk = calibrated(score, happened, fold)
    expected = {
        "roc_auc": roc_auc_score(happened, risk),
        "average_precision": average_precision_score(happened, risk),
        "log_loss": log_loss(happened, risk),
        "brier": brier_score_loss(happened, risk),
    }
    for name, value in expected.items():
        assert found.metrics[name].value == pytest.approx(value), name
        assert found.metrics[name].interval.low <= value <= found.metrics[name].interval.high
    assert list(found.metrics) == [*expected, "calibration_error"]
    assert (found.rows, found.rate) == (300, pytest.approx(happened.mean()))
    assert found.leaks == ()


def test_rows_of_one_person_are_resampled_together():
    people, happened, score, fold = made()
    apart = pl.Series([f"q{k}" for k in range(300)])
    one, other = (
        evaluate_table(who, happened, score, fold, QUIET).metrics["roc_auc"]
        for who in (people, apart)
    )
    assert one.value == other.value
    assert one.interval != other.interval


def test_a_column_that_leaks_is_said_with_what_can_be_done_to_a_table():
    people, happened, score, fold = made()
    leaky = pl.DataFrame({"column": ["closed|on"], "alone": [0.99], "missingness": [0.9]})
    found = evaluate_table(people, happened, score, fold, leaky)
    assert len(found.leaks) == 2
    assert "column 'closed|on' alone has a ROC AUC of 0.990" in found.leaks[0]
    assert "To try: see when the values of these columns are written" in found.leaks[1]
    assert "mapping" not in found.leaks[1]
    assert str(found).count("\n") == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [(1, "On 1 row, of which it happened in 25.0%: "), (12_345, "On 12,345 rows, of which")],
)
def test_in_words_it_begins_with_the_rows(rows, said):
    metrics = {"roc_auc": Measured(0.75, Interval(0.7, 0.8))}
    text = str(TableEvaluation(rows=rows, rate=0.25, metrics=metrics, leaks=()))
    assert text.startswith(said)
    assert text.endswith("roc_auc 0.750 (0.700 to 0.800).")


def test_a_column_alone_is_averaged_over_the_folds_the_best_first():
    random = np.random.default_rng(1)
    happened = (random.random(200) < 0.4).astype(float)
    matrix = np.stack([random.random(200), happened + 0.4 * random.random(200)], axis=1)
    parts = [Examples(matrix[k::4], happened[k::4]) for k in range(4)]
    folds = [(parts[0], parts[1]), (parts[2], parts[3])]
    found = alone(["noise", "known"], folds)
    assert found["column"].to_list() == ["known", "noise"]
    by_fold = [ranking_alone(["noise", "known"], *fold) for fold in folds]
    for name in ("noise", "known"):
        each = [table.filter(column=name)["alone"].item() for table in by_fold]
        assert found.filter(column=name)["alone"].item() == pytest.approx(np.mean(each))
