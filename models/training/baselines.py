"""The baselines that a model must beat: constant rates, recency, and logistic regression."""

import warnings
from collections.abc import Collection

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from perdura.models.boosting.booster import Examples
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.training.calibrate import learn_platt

#: The recency rule ranks by this column, longest first.
RECENCY = "days_since_paid"

#: By name; ``own_rate`` is that of ``models.training.own_rate``, constant per subscriber.
BASELINES = ("constant", "own_rate", "recency", "logistic")

# More rows than this hardly change a logistic regression on a hundred columns.
_LOGISTIC_ROWS = 25_000


def baseline_risks(
    contract: ColumnContract,
    fit: Examples,
    calibrate: Examples,
    test: np.ndarray,
    names: Collection[str] = BASELINES,
) -> dict[str, np.ndarray]:
    """The risks of each baseline in ``names``, by name, one per test row.

    ``recency`` is left out where the column it ranks by is missing.
    """
    risks: dict[str, np.ndarray] = {}
    if "constant" in names:
        risks["constant"] = np.full(len(test), fit.rate)
    if "logistic" in names:
        risks["logistic"] = logistic_risk(contract, fit, test)
    if "recency" in names and RECENCY in contract.names:
        risks["recency"] = recency_risk(calibrate, test, contract.names.index(RECENCY))
    return risks


def recency_risk(calibrate: Examples, test: np.ndarray, column: int) -> np.ndarray:
    """Risk by the days since the last payment alone; subscribers who never paid rank first."""
    longest = np.nanmax(calibrate.matrix[:, column], initial=1.0)

    def days_waited(matrix: np.ndarray) -> np.ndarray:
        days = matrix[:, column]
        # Never paid counts as one day more than the longest wait.
        return np.where(np.isnan(days), max(longest, np.nanmax(days, initial=1.0)) + 1, days)

    scale = max(longest, 1.0)
    line = learn_platt(days_waited(calibrate.matrix) / scale, calibrate.happened)
    return line.apply(days_waited(test) / scale)


def logistic_risk(contract: ColumnContract, fit: Examples, test: np.ndarray) -> np.ndarray:
    """Risk by logistic regression on the same columns: imputed, scaled, categories one-hot."""
    model = _logistic(contract)
    every = max(1, len(fit.happened) // _LOGISTIC_ROWS)
    with warnings.catch_warnings():
        # A baseline need not converge fully.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(fit.matrix[::every], fit.happened[::every])
    # Piece by piece: imputing and scaling copy their input.
    pieces = np.array_split(test, max(1, len(test) // _LOGISTIC_ROWS))
    shares = np.concatenate([np.asarray(model.predict_proba(piece)) for piece in pieces])
    # Odds among the present rows times the share of non-churners that is present: the true odds.
    return shares[:, 1] * fit.share / (shares[:, 1] * fit.share + shares[:, 0])


def _logistic(contract: ColumnContract) -> Pipeline:
    texts = [index for index, column in enumerate(contract.columns) if column.categories]
    numbers = [index for index in range(len(contract.columns)) if index not in texts]
    columns = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(
                    SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
                ),
                numbers,
            ),
            ("texts", OneHotEncoder(handle_unknown="ignore", max_categories=40), texts),
        ]
    )
    return make_pipeline(columns, LogisticRegression(C=0.1, max_iter=100))
