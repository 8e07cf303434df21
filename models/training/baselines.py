"""What a model must beat: constant rates, one line about recency, and logistic regression."""

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

#: The recency rule ranks by this column, longest first: who has not paid for long will leave.
RECENCY = "days_since_paid"

#: By name; ``own_rate`` is that of ``models.training.own_rate``, constant per subscriber.
BASELINES = ("constant", "own_rate", "recency", "logistic")

# More rows than this do not move a line through a hundred columns; they only take longer.
_LOGISTIC_ROWS = 25_000


def baseline_risks(
    contract: ColumnContract,
    fit: Examples,
    calibrate: Examples,
    judged: np.ndarray,
    wanted: Collection[str] = BASELINES,
) -> dict[str, np.ndarray]:
    """What each of the ``wanted`` says of the judged rows: risks by name, one per row.

    ``recency`` is there only where the column it ranks by is.
    """
    risks: dict[str, np.ndarray] = {}
    if "constant" in wanted:
        risks["constant"] = np.full(len(judged), fit.rate)
    if "logistic" in wanted:
        risks["logistic"] = logistic_risk(contract, fit, judged)
    if "recency" in wanted and RECENCY in contract.names:
        place = contract.names.index(RECENCY)
        risks["recency"] = recency_risk(calibrate, judged, place)
    return risks


def recency_risk(calibrate: Examples, judged: np.ndarray, place: int) -> np.ndarray:
    """Risk by days since the last payment alone; who never paid comes first."""
    longest = np.nanmax(calibrate.matrix[:, place], initial=1.0)

    def waited(matrix: np.ndarray) -> np.ndarray:
        days = matrix[:, place]
        # Never paid counts as a day longer than anybody's wait, so that it ranks first.
        return np.where(np.isnan(days), max(longest, np.nanmax(days, initial=1.0)) + 1, days)

    scale = max(longest, 1.0)
    line = learn_platt(waited(calibrate.matrix) / scale, calibrate.happened)
    return line.apply(waited(judged) / scale)


def logistic_risk(contract: ColumnContract, fit: Examples, judged: np.ndarray) -> np.ndarray:
    """Risk by logistic regression on the same columns: imputed, scaled, categories one-hot."""
    model = _logistic(contract)
    every = max(1, len(fit.happened) // _LOGISTIC_ROWS)
    with warnings.catch_warnings():
        # Not quite settled is good enough for a yardstick.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(fit.matrix[::every], fit.happened[::every])
    # Piece by piece: imputing and scaling copy what they are given.
    pieces = np.array_split(judged, max(1, len(judged) // _LOGISTIC_ROWS))
    said = np.concatenate([np.asarray(model.predict_proba(piece)) for piece in pieces])
    # Odds among the rows that are there, times the share of the stayers that is: the true odds.
    return said[:, 1] * fit.share / (said[:, 1] * fit.share + said[:, 0])


def _logistic(contract: ColumnContract) -> Pipeline:
    texts = [place for place, column in enumerate(contract.columns) if column.categories]
    numbers = [place for place in range(len(contract.columns)) if place not in texts]
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
