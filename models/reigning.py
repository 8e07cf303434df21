"""What the champion says of the rows that a challenger is judged by, if it may be asked."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from models.encoding import ColumnMismatch, UnknownCategory
from models.model import ChurnModel
from models.params import TrainingParams


@dataclass(frozen=True, slots=True)
class Reigning:
    """The champion's answer; of the three at most one is given.

    Attributes:
        risk: What it says of each row; named ``champion``.
        silent: Why it could not be asked: there is nothing to beat.
        knew: How it came to know the outcomes: it cannot be beaten.
    """

    risk: pl.Series | None = None
    silent: str | None = None
    knew: str | None = None


def ask_champion(
    champion: ChurnModel | None, judged: pl.DataFrame, names: list[str], params: TrainingParams
) -> Reigning:
    """What the champion says of the judged rows, or why that would be no comparison.

    Args:
        champion: Whom to ask; ``None`` where nobody reigns.
        judged: ``as_of`` and the feature columns.
        names: The feature columns.
        params: What the challenger predicts, and how the rows were split.
    """
    if champion is None:
        return Reigning()
    if other := _other_question(champion, params):
        return Reigning(silent=f"the champion answers another question ({other})")
    first: datetime = judged["as_of"].min()  # pyright: ignore[reportAssignmentType]
    if params.split == "time" and champion.fitted_until > first:
        return Reigning(knew=_knew(champion, first))
    try:
        return Reigning(champion.predict(judged.select(names))["risk"].alias("champion"))
    except (ColumnMismatch, UnknownCategory) as error:
        return Reigning(silent=f"the champion cannot read these rows ({error})")


def _other_question(champion: ChurnModel, params: TrainingParams) -> str:
    """Where the champion's question differs from this one, e.g. ``horizon_days 60, not 30``."""
    asked = ("churn", "lead_days", "horizon_days", "grace_days")
    return ", ".join(
        f"{name} {getattr(champion, name)}, not {getattr(params, name)}"
        for name in asked
        if getattr(champion, name) != getattr(params, name)
    )


def _knew(champion: ChurnModel, first: datetime) -> str:
    return (
        f"the champion was fitted on what happened before {champion.fitted_until:%Y-%m-%d} and so "
        f"knew what became of the rows from {first:%Y-%m-%d} on that both are judged by"
    )
