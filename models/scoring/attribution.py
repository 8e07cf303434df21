"""Scores and attributions: the signals that raise each risk most, as numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.features.definition import Column
from perdura.models.boosting.row_blocks import in_blocks
from perdura.models.boosting.shap_values import explained
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.reason_candidates import find_candidates
from perdura.models.scoring.reason_columns import ReasonColumns, reason_columns
from perdura.progress import OnProgress


@dataclass(frozen=True, slots=True)
class Attributions:
    """The scores of rows, log-odds, and one value per reason, in the order of the rows.

    Attributes:
        score: Score of churn.
        cause_score: Score of churn by payment; ``None`` where the model has no trees for it.
        hazards: Hazards of the months after the first, from ``SurvivalModel.hazards``; ``None``
            without a survival model.
        offer: Probability of expansion; ``None`` without an expansion model.
        count: Number of reasons of each row.
        weight: What each reason adds, calibrated log-odds.
        signal: Index of its signal in ``signal_names``.
        column: Index of its column in the model's contract.
        usual: The typical value that it says, as of ``ReasonCandidates``.
        signal_names: The signals, in alphabetical order.
    """

    score: np.ndarray
    cause_score: np.ndarray | None
    hazards: np.ndarray | None
    offer: np.ndarray | None
    count: np.ndarray
    weight: np.ndarray
    signal: np.ndarray
    column: np.ndarray
    usual: np.ndarray
    signal_names: list[str]


def attribute(
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    progress: OnProgress | None = None,
    unnamed: Collection[str] = (),
) -> Attributions:
    """The scores of rows and the strongest reasons for them, block by block on all cores.

    A text that the model has never seen is no reason, since the model learnt nothing of it.

    Args:
        model: The model that scores.
        frame: The columns of its contract.
        columns: Definitions of the columns.
        progress: Called after each block of rows.
        unnamed: Signals and columns that are never a reason, besides the model's ``unstable``
            ones and features that say so; the scores do not change.

    Raises:
        ColumnMismatch: As ``model.predict``.
        UnknownName: ``unnamed`` has a name that is neither a signal's nor a column's.
    """
    model.contract.check(frame)
    reasons = reason_columns(in_contract_order(model, columns), unnamed, model.unstable)
    blocks = in_blocks(
        frame.height,
        lambda start, stop: _attribute_block(model, frame[start:stop], reasons),
        lambda done: progress(done, frame.height, "reasons") if progress else None,
    )
    blocks = blocks or [_attribute_block(model, frame, reasons)]

    def joined(values: list[np.ndarray | None]) -> np.ndarray | None:
        present = [block for block in values if block is not None]
        return np.concatenate(present) if present else None

    return Attributions(
        score=np.concatenate([block.score for block in blocks]),
        cause_score=joined([block.cause_score for block in blocks]),
        hazards=joined([block.hazards for block in blocks]),
        offer=joined([block.offer for block in blocks]),
        count=np.concatenate([block.count for block in blocks]),
        weight=np.concatenate([block.weight for block in blocks]),
        signal=np.concatenate([block.signal for block in blocks]),
        column=np.concatenate([block.column for block in blocks]),
        usual=np.concatenate([block.usual for block in blocks]),
        signal_names=reasons.signals,
    )


def in_contract_order(model: ChurnModel, columns: Sequence[Column]) -> list[Column]:
    """The definitions of the model's columns, in the order of its contract."""
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in model.contract.names]


def _attribute_block(
    model: ChurnModel, frame: pl.DataFrame, columns: ReasonColumns
) -> Attributions:
    matrix = model.contract.numbers(frame)
    found = find_candidates(model, frame, matrix, columns)
    row, slot = found.shown()
    cause = None if model.cause_text is None else explained(model.cause_text, matrix).score
    risk, months = model.calibration.apply(found.score), model.months
    return Attributions(
        score=found.score,
        cause_score=cause,
        hazards=None if months is None else months.hazards(matrix, risk),
        offer=None if model.expansion is None else model.expansion.predict_encoded(matrix),
        count=np.bincount(row, minlength=frame.height),
        weight=found.weight[row, slot],
        signal=found.signal[row, slot],
        column=found.column[row, slot],
        usual=found.usual[row, slot],
        signal_names=columns.signals,
    )
