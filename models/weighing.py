"""What raises each risk, summed by signal: the strongest few, and the scores, as numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.definition import Column
from models.blocks import in_blocks
from models.contributions import explained
from models.model import ChurnModel

#: At most so many reasons are given for one person.
MOST = 4

# Log-odds below which a signal is no reason to name: it moves a risk of 10 % by less than 0.5.
_FAINT = 0.05


@dataclass(frozen=True, slots=True)
class Weighed:
    """The scores of rows, log-odds, and one value per reason, in the order of the rows.

    Attributes:
        score: Of leaving.
        cause_score: Of leaving by payment; ``None`` where the model has no trees for it.
        count: How many reasons each row has.
        weight: What each reason adds, calibrated log-odds.
        signal: Its signal: a place in ``signal_names``.
        column: The column that tells it: a place in the model's contract.
        signal_names: In alphabetical order.
    """

    score: np.ndarray
    cause_score: np.ndarray | None
    count: np.ndarray
    weight: np.ndarray
    signal: np.ndarray
    column: np.ndarray
    signal_names: list[str]


def weigh(
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    progress: Callable[[int, int, str], None] | None = None,
) -> Weighed:
    """The scores of rows and the strongest reasons for them, block by block on all cores.

    Raises:
        ColumnMismatch, UnknownCategory: As ``model.predict``.
    """
    model.contract.check(frame)
    signals = [column.feature.signal for column in in_contract_order(model, columns)]
    names = sorted(set(signals))
    numbers = np.array([names.index(signal) for signal in signals], np.int64)
    blocks = in_blocks(
        frame.height,
        lambda start, stop: _weigh_block(model, frame[start:stop], numbers, names),
        lambda done: progress(done, frame.height, "reasons") if progress else None,
    )
    blocks = blocks or [_weigh_block(model, frame, numbers, names)]
    cause_scores = [b.cause_score for b in blocks if b.cause_score is not None]
    return Weighed(
        score=np.concatenate([block.score for block in blocks]),
        cause_score=np.concatenate(cause_scores) if cause_scores else None,
        count=np.concatenate([block.count for block in blocks]),
        weight=np.concatenate([block.weight for block in blocks]),
        signal=np.concatenate([block.signal for block in blocks]),
        column=np.concatenate([block.column for block in blocks]),
        signal_names=names,
    )


def in_contract_order(model: ChurnModel, columns: Sequence[Column]) -> list[Column]:
    """What the columns of the model mean, in the order of its contract."""
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in model.contract.names]


def _weigh_block(
    model: ChurnModel, frame: pl.DataFrame, numbers: np.ndarray, names: list[str]
) -> Weighed:
    from models.strongest import pick_strongest

    matrix = model.contract.numbers(frame)
    of_leaving = explained(model.booster_text, matrix)
    shape = (frame.height, MOST)
    weights = np.empty(shape, np.float32)
    signals, speakers = np.empty(shape, np.uint16), np.empty(shape, np.uint16)
    count = pick_strongest(
        of_leaving.added,
        model.calibration.slope(model.base, of_leaving.score).astype(np.float32),
        numbers,
        np.float32(_FAINT),
        weights,
        signals,
        speakers,
    )
    told = np.arange(MOST) < count[:, None]
    cause = None if model.cause_text is None else explained(model.cause_text, matrix).score
    return Weighed(
        score=of_leaving.score,
        cause_score=cause,
        count=count,
        weight=weights[told],
        signal=signals[told],
        column=speakers[told],
        signal_names=names,
    )
