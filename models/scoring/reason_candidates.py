"""Candidate reasons: the signals that raise a score, and by how much it falls without each."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.boosting.shap_values import explained
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.ablation import score_falls
from perdura.models.scoring.comparison import Comparison
from perdura.models.scoring.reason_columns import ReasonColumns

#: Most reasons of one subscriber.
MOST = 4

# Number of the strongest signals of each row that are candidates.
_CANDIDATES = 6

# Calibrated log-odds below which a signal is no reason to name: it moves a risk of 10 % by less
# than one.
_FAINT = 0.1

# Reasons below this share of the strongest one are left out.
_BESIDE_STRONGEST = 0.15


@dataclass(frozen=True, slots=True)
class ReasonCandidates:
    """The strongest signals of each row, strongest first: one row per row, one column per rank.

    Attributes:
        score: The log-odds of churn of each row.
        weight: What the signal adds, calibrated log-odds.
        signal: The number of the signal, or -1.
        column: Index in the model's contract of the column that represents the signal.
        fall: By how much the calibrated log-odds fall with typical values in place of it; NaN
            where the model has no typical values.
        usual: The typical value of that column, where a reason says it: NaN where it does not,
            infinity for never.
    """

    score: np.ndarray
    weight: np.ndarray
    signal: np.ndarray
    column: np.ndarray
    fall: np.ndarray
    usual: np.ndarray

    @property
    def faithful(self) -> np.ndarray:
        """Whether the score falls without the signal, or this is unknown."""
        return (self.signal >= 0) & ~(self.fall <= _FAINT)

    def shown(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows and ranks of the reasons to give, in order of the rows, strongest first."""
        weight = np.where(self.faithful, self.weight, 0)
        large = weight > _BESIDE_STRONGEST * weight.max(axis=1, keepdims=True, initial=0)
        kept = large & (np.cumsum(large, axis=1) <= MOST)
        row, rank = np.nonzero(kept)
        return row, rank


def find_candidates(
    model: ChurnModel, frame: pl.DataFrame, matrix: np.ndarray, columns: ReasonColumns
) -> ReasonCandidates:
    """The candidate reasons for the risks of some rows.

    A text that the model has never seen is none, since the model learnt nothing of it.

    Args:
        model: The model that scores.
        frame: The columns of its contract.
        matrix: The same, encoded.
        columns: Their signals.
    """
    from perdura.models.scoring.strongest import pick_strongest

    typical, found = model.encoded_typical, explained(model.booster_text, matrix)
    group = np.zeros(len(matrix), np.int64) if typical is None else typical.group_of(matrix)
    comparison = Comparison(columns.columns, matrix, typical, group)
    signs = columns.in_rows(frame, comparison)
    np.minimum(found.added, 0, out=found.added, where=signs.harmless)
    for name, rows in model.contract.unseen(frame).items():
        index = model.contract.names.index(name)
        found.added[rows.to_numpy(), index] = 0
        signs.mute[rows.to_numpy(), index] = True
    slope = model.calibration.slope(model.base, found.score)
    shape = (len(matrix), _CANDIDATES)
    weight = np.zeros(shape, np.float32)
    signal, column = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
    count = pick_strongest(
        found.added,
        slope.astype(np.float32),
        signs.signal,
        signs.mute,
        columns.silent,
        columns.silent_signals,
        np.float32(_FAINT),
        weight,
        signal,
        column,
    )
    signals = np.where(np.arange(_CANDIDATES) < count[:, None], signal.astype(np.int64), -1)
    fall = np.full(shape, np.nan)
    if typical is not None:
        fall = slope[:, None] * score_falls(
            model.booster_text,
            matrix,
            found,
            typical,
            group=group,
            signal=signs.signal,
            candidates=signals,
        )
    usual = comparison.said(np.where(signals >= 0, column, 0))
    return ReasonCandidates(found.score, weight, signals, column, fall, usual)
