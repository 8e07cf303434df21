"""What raises each risk, summed by signal: the strongest few, and the scores, as numbers."""

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
from perdura.sources.progress import OnProgress


@dataclass(frozen=True, slots=True)
class Attributions:
    """The scores of rows, log-odds, and one value per reason, in the order of the rows.

    Attributes:
        score: Of leaving.
        cause_score: Of leaving by payment; ``None`` where the model has no trees for it.
        hazards: Of the months after the first, as of ``SurvivalModel.hazards``; ``None`` where the
            model knows nothing of them.
        offer: How likely each is to pay more by choice; ``None`` where the model does not know.
        count: How many reasons each row has.
        weight: What each reason adds, calibrated log-odds.
        signal: Its signal: a place in ``signal_names``.
        column: The column that tells it: a place in the model's contract.
        signal_names: In alphabetical order.
    """

    score: np.ndarray
    cause_score: np.ndarray | None
    hazards: np.ndarray | None
    offer: np.ndarray | None
    count: np.ndarray
    weight: np.ndarray
    signal: np.ndarray
    column: np.ndarray
    signal_names: list[str]


def attribute(
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    progress: OnProgress | None = None,
    unnamed: Collection[str] = (),
) -> Attributions:
    """The scores of rows and the strongest reasons for them, block by block on all cores.

    A text that the model has never seen is no reason: the model does not know what it means.

    Args:
        model: Whose scores they are.
        frame: The columns of its contract.
        columns: What the columns mean.
        progress: Told after each block of rows.
        unnamed: Signals and columns that are never a reason, besides the model's ``unstable``
            ones and the features that say so; the scores do not change by it.

    Raises:
        ColumnMismatch: As ``model.predict``.
        UnknownName: ``unnamed`` has a name that is neither a signal's nor a column's.
    """
    model.contract.check(frame)
    meanings = reason_columns(in_contract_order(model, columns), unnamed, model.unstable)
    blocks = in_blocks(
        frame.height,
        lambda start, stop: _attribute_block(model, frame[start:stop], meanings),
        lambda done: progress(done, frame.height, "reasons") if progress else None,
    )
    blocks = blocks or [_attribute_block(model, frame, meanings)]
    return Attributions(
        score=np.concatenate([block.score for block in blocks]),
        cause_score=_joined([block.cause_score for block in blocks]),
        hazards=_joined([block.hazards for block in blocks]),
        offer=_joined([block.offer for block in blocks]),
        count=np.concatenate([block.count for block in blocks]),
        weight=np.concatenate([block.weight for block in blocks]),
        signal=np.concatenate([block.signal for block in blocks]),
        column=np.concatenate([block.column for block in blocks]),
        signal_names=meanings.signals,
    )


def _joined(blocks: list[np.ndarray | None]) -> np.ndarray | None:
    """The blocks as one; ``None`` where the model says nothing of the kind."""
    known = [block for block in blocks if block is not None]
    return np.concatenate(known) if known else None


def in_contract_order(model: ChurnModel, columns: Sequence[Column]) -> list[Column]:
    """What the columns of the model mean, in the order of its contract."""
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in model.contract.names]


def _attribute_block(
    model: ChurnModel, frame: pl.DataFrame, columns: ReasonColumns
) -> Attributions:
    matrix = model.contract.numbers(frame)
    found = find_candidates(model, frame, matrix, columns)
    row, place = found.shown()
    cause = None if model.cause_text is None else explained(model.cause_text, matrix).score
    return Attributions(
        score=found.score,
        cause_score=cause,
        hazards=_hazards(model, matrix, found.score),
        offer=None if model.expansion is None else model.expansion.predict_encoded(matrix),
        count=np.bincount(row, minlength=frame.height),
        weight=found.weight[row, place],
        signal=found.signal[row, place],
        column=found.column[row, place],
        signal_names=columns.signals,
    )


def _hazards(model: ChurnModel, matrix: np.ndarray, score: np.ndarray) -> np.ndarray | None:
    """Of the months after the first, where the model knows of them."""
    if model.months is None:
        return None
    return model.months.hazards(matrix, model.calibration.apply(score))
