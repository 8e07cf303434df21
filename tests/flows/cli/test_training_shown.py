"""What is printed of a training: where the logistic regression is ahead, it is said."""

from io import StringIO

import pytest
from rich.console import Console

from perdura.flows.cli.render.runs import print_training
from perdura.flows.train_weekly import Training

MODEL = {
    "roc_auc": 0.86,
    "average_precision": 0.27,
    "log_loss": 0.090,
    "brier": 0.022,
    "calibration_error": 0.009,
    "lift": 7.0,
    "recall": 0.50,
    "money_caught": 0.70,
}


def said(**logistic: float) -> str:
    console = Console(file=StringIO(), width=400)
    trained = Training(
        version="1",
        promoted=True,
        reasons=(),
        trial=False,
        offers=(),
        unlearnt=(),
        notes=(),
        tuned=None,
        metrics={"model": MODEL, "logistic": MODEL | logistic},
        rows={"left_out_rows": 0},
        seconds={},
    )
    print_training(trained, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("logistic", "ahead", "of_the_called"),
    [
        ({}, None, False),
        ({"lift": 6.9, "log_loss": 0.091}, None, False),
        ({"lift": 7.3}, "lift of those called (7.300 to 7.000)", True),
        ({"log_loss": 0.080}, "log loss (0.080 to 0.090)", False),
        ({"lift": 7.3, "roc_auc": 0.87}, "ROC AUC (0.870 to 0.860), lift of", False),
    ],
    ids=["alike", "behind", "in lift", "in log loss", "in both"],
)
def test_where_the_logistic_regression_is_ahead(logistic, ahead, of_the_called):
    text = said(**logistic)
    assert ("is ahead of the model" in text) is (ahead is not None)
    assert (ahead or "") in text
    assert ("a small difference may be chance" in text) is of_the_called
