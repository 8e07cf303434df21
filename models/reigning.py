"""What the champion says of the rows that a challenger is judged by, where it may be asked."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from models.encoding import ColumnMismatch
from models.model import ChurnModel
from models.params import TrainingParams
from models.question import Question


@dataclass(frozen=True, slots=True)
class Reigning:
    """The champion's answer, or why there is none.

    Attributes:
        risk: What it says of each row; named ``champion``.
        silent: Why it could not be asked: there is nothing to beat.
        knew: How it came to know the outcomes: it cannot be beaten.
        incomparable: What else it predicts: it cannot be beaten, nor can it be replaced.
    """

    risk: pl.Series | None = None
    silent: str | None = None
    knew: str | None = None
    incomparable: str | None = None


def ask_champion(
    champion: ChurnModel | None,
    judged: pl.DataFrame,
    params: TrainingParams,
) -> Reigning:
    """What the champion says of the judged rows, or why that would be no comparison.

    Args:
        champion: Whom to ask; ``None`` where nobody reigns.
        judged: ``as_of``, ``churned`` and the feature columns, of the challenger and any others:
            the champion reads its own.
        params: What the challenger predicts, and how the rows were split.
    """
    if champion is None:
        return Reigning()
    if other := Question.of(champion).differences(Question.of(params)):
        return Reigning(incomparable=f"the champion predicts something else ({other})")
    first: datetime = judged["as_of"].min()  # pyright: ignore[reportAssignmentType]
    if params.split == "time" and champion.fitted_until > first:
        return Reigning(knew=_knew(champion, first))
    if gone := [name for name in champion.contract.names if name not in judged.columns]:
        columns = ", ".join(map(repr, gone))
        return Reigning(silent=f"the champion's column {columns} is not measured any more")
    try:
        champion.contract.check(judged.select(champion.contract.names).clear())
    except ColumnMismatch as error:
        return Reigning(silent=f"the champion cannot read these rows ({error})")
    risk = champion.predict(judged.select(champion.contract.names))["risk"]
    return Reigning(risk.alias("champion"))


def _knew(champion: ChurnModel, first: datetime) -> str:
    return (
        f"the champion was fitted on what happened before {champion.fitted_until:%Y-%m-%d} and so "
        f"knew what became of the rows from {first:%Y-%m-%d} on that both are judged by"
    )
