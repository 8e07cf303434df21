"""The model part alone: one prepared table in, the table with risks out. No events, no dates.

For who has their features already. Point-in-time correctness is then theirs to see to.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import lightgbm as lgb
import numpy as np
import polars as pl

from models.calibrate import choose_calibration
from models.calibration import Calibration
from models.encoding import ColumnContract, learn_contract
from models.fit import Examples, booster_text, fit_booster, load_booster, raw_scores
from models.params import BoosterParams
from models.people import person_numbers

#: Suits tables of some thousands of rows.
SMALL = BoosterParams(min_data_in_leaf=20, rounds=1_000, feature_fraction=0.8)

_FOLDS = 5


class NoOutcome(ValueError):
    """The table does not say of every row whether it happened. Nothing was fitted."""


@dataclass(frozen=True, kw_only=True)
class TableModel:
    """A calibrated model of a table.

    Attributes:
        text: LightGBM's text of the trees.
        calibration: From their log-odds to the risk.
        contract: The columns it reads.
    """

    text: str
    calibration: Calibration
    contract: ColumnContract

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees."""
        return load_booster(self.text)

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with one column more: ``risk``, in (0, 1).

        A text that was not there when the model was fitted is read as an unknown one.

        Args:
            rows: The columns that were fitted on, and any others.

        Raises:
            ColumnMismatch: A column is missing, or has text for numbers.
        """
        known = [name for name in self.contract.names if name in rows.columns]
        matrix = self.contract.encode(rows.select(known))
        risk = self.calibration.apply(raw_scores(self.booster, matrix))
        return rows.with_columns(risk=pl.Series(risk))


def fit_table(
    rows: pl.DataFrame, outcome: str, *, who: str | None = None, params: BoosterParams = SMALL
) -> TableModel:
    """A model of every column for ``outcome``, calibrated on rows that it was not fitted on.

    Five times four fifths of the rows are fitted and the rest is asked: that says how many trees
    are of use, and gives scores to calibrate. Then all rows are fitted.

    Args:
        rows: One row per subscriber, or per (who, when).
        outcome: The column that says whether it happened: true or false, 1 or 0.
        who: The column that says whom a row is about, which is not learnt from; all rows of one
            are fitted or asked together. By default every row is somebody else.
        params: How the trees grow; at most ``rounds`` of them.

    Raises:
        NoOutcome: The outcome is not told of every row, or is the same for all.
    """
    told = rows.with_columns(churned=_outcome(rows, outcome))
    names = [name for name in rows.columns if name not in {outcome, who}]
    fold = _folds(rows, who)
    score, trees = np.empty(rows.height), []
    for number in range(_FOLDS):
        asked = fold == number
        contract = learn_contract(told.filter(~asked), names, seen=rows)
        fitted, left_out = (_examples(contract, told.filter(part)) for part in (~asked, asked))
        booster = fit_booster(fitted, left_out, names, params)
        score[asked] = raw_scores(booster, left_out.matrix)
        trees.append(booster.best_iteration or booster.num_trees())
    everything = replace(params, rounds=round(float(np.mean(trees))))
    contract = learn_contract(told, names)
    whole = _examples(contract, told)
    return TableModel(
        text=booster_text(fit_booster(whole, None, names, everything)),
        calibration=choose_calibration(score, whole.happened, fold >= _FOLDS // 2),
        contract=contract,
    )


def _outcome(rows: pl.DataFrame, outcome: str) -> pl.Series:
    found = rows[outcome].unique().sort().to_list()
    if sorted(map(str, found)) not in (["False", "True"], ["0", "1"]):
        raise NoOutcome(
            f"asked to learn column {outcome!r}, which must be true or false (or 1 or 0) in every "
            f"row, and both somewhere; found {', '.join(map(repr, found[:5]))}"
            f"{' ...' if len(found) > 5 else ''}. Say which it is, for instance with "
            f"pl.col({outcome!r}) == 'yes'"
        )
    return rows[outcome].cast(pl.Boolean)


def _folds(rows: pl.DataFrame, who: str | None) -> np.ndarray:
    """By row, in which fifth it is asked: depends on the row's place, or on whom it is about."""
    if who is None:
        people = pl.Series(map(str, range(rows.height)), dtype=pl.String)
    else:
        people = rows[who].cast(pl.String)
    return (person_numbers(people) % np.uint64(_FOLDS)).astype(np.int64)


def _examples(contract: ColumnContract, part: pl.DataFrame) -> Examples:
    matrix = contract.encode(part.select(contract.names))
    return Examples(matrix, part["churned"].to_numpy().astype(np.float64))
