"""What the champion says of the rows that a challenger is judged by, where it may be asked."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from models.encoding import ColumnMismatch
from models.model import ChurnModel
from models.params import TrainingParams

#: A champion that can read a smaller share of the judged rows is not compared with.
_FEWEST_READ = 0.5


@dataclass(frozen=True, slots=True)
class Reigning:
    """The champion's answer, or why there is none.

    Attributes:
        risk: What it says of each row, null of rows that it cannot read; named ``champion``.
        silent: Why it could not be asked: there is nothing to beat.
        knew: How it came to know the outcomes: it cannot be beaten.
        stranded: What it cannot read of today's subscribers: the night would be refused with it.
    """

    risk: pl.Series | None = None
    silent: str | None = None
    knew: str | None = None
    stranded: str | None = None


def ask_champion(
    champion: ChurnModel | None,
    judged: pl.DataFrame,
    newest: pl.DataFrame,
    params: TrainingParams,
) -> Reigning:
    """What the champion says of the judged rows, or why that would be no comparison.

    Args:
        champion: Whom to ask; ``None`` where nobody reigns.
        judged: ``as_of``, ``churned`` and the feature columns, of the challenger and any others:
            the champion reads its own.
        newest: The feature columns as subscribers have them now, labelled or not.
        params: What the challenger predicts, and how the rows were split.
    """
    if champion is None:
        return Reigning()
    if other := _other_question(champion, params):
        return Reigning(silent=f"the champion answers another question ({other})")
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
    return _asked(champion, judged, newest)


def _asked(champion: ChurnModel, judged: pl.DataFrame, newest: pl.DataFrame) -> Reigning:
    """Its answer on the rows that it can read, where they are enough, from its own columns."""
    read = judged.select(champion.contract.readable).to_series()
    if too_few := _too_few(judged, read):
        return Reigning(silent=too_few)
    risk = champion.predict(judged.filter(read).select(champion.contract.names))["risk"]
    rows = pl.int_range(judged.height, eager=True).filter(read)
    everybody = pl.Series("champion", [None] * judged.height, pl.Float64)
    return Reigning(everybody.scatter(rows, risk), stranded=_stranded(champion, newest))


def _too_few(judged: pl.DataFrame, read: pl.Series) -> str | None:
    """Why the rows that the champion can read are too few to compare on, if they are."""
    leavers = judged.filter(read)["churned"].sum()
    if leavers and read.sum() >= _FEWEST_READ * judged.height:
        return None
    return (
        f"the champion can read only {read.sum():,} of the {judged.height:,} judged rows"
        f"{'' if leavers else ', and none who left'}"
    )


def _stranded(champion: ChurnModel, newest: pl.DataFrame) -> str | None:
    """The texts that subscribers have now and the champion has never seen, in words."""
    strange = [
        f"{', '.join(map(repr, new))} in column {column.name!r}"
        for column in champion.contract.columns
        if column.categories is not None
        and (new := sorted({*newest[column.name].drop_nulls()} - {*column.categories}))
    ]
    told = " and ".join(strange)
    return f"the champion cannot read {told}, which subscribers have now" if told else None


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
