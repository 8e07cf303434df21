"""What the champion says of the rows that a challenger is judged by, where it may be asked."""

from dataclasses import dataclass

import polars as pl

from models.challenger import Challenger
from models.model import ChurnModel
from models.params import TrainingParams
from models.recipe_fit import has_same_recipe, recipe_risk
from models.training_set import TrainingSet

#: A champion that can read a smaller share of the rows is not asked itself.
_FEWEST_READ = 0.5


@dataclass(frozen=True, slots=True)
class Reigning:
    """The champion's answer, or why there is none.

    Attributes:
        risk: What its recipe, fitted on the challenger's own parts, says of each row; named
            ``champion``. Of a refresh, what the champion itself says where it may be asked (null of
            rows that it cannot read), else what the challenger says: their recipe is the same.
        silent: Why it could not be asked: there is nothing to beat.
        knew: Why it cannot be beaten: it knows later outcomes.
        stranded: What it cannot read of today's subscribers: the night would be refused with it.
        refresh: Whether the challenger is the same recipe on other data.
        newer: Whether the challenger, as it would be published, knows later outcomes.
    """

    risk: pl.Series | None = None
    silent: str | None = None
    knew: str | None = None
    stranded: str | None = None
    refresh: bool = False
    newer: bool = True


def ask_champion(
    champion: ChurnModel | None,
    challenger: Challenger,
    training: TrainingSet,
    params: TrainingParams,
) -> Reigning:
    """What the champion's recipe says of the rows that its challenger is evaluated on.

    Args:
        champion: The current champion, if there is one.
        challenger: The model to compare, and the rows.
        training: The rows that its parts were taken from.
        params: What the challenger predicts, and how the rows were split.
    """
    if champion is None:
        return Reigning()
    if other := _other_question(champion, params):
        return Reigning(silent=f"the champion answers another question ({other})")
    if knew := _knows_more(champion, challenger):
        return Reigning(knew=knew)
    stranded = _stranded(champion, training)
    if has_same_recipe(champion, challenger.evidence):
        newer = challenger.fitted_until > champion.fitted_until
        risk = _own_risk(champion, challenger, params) if newer else None
        if risk is None:
            risk = challenger.judged["risk"].alias("champion")
        return Reigning(risk, stranded=stranded, refresh=True, newer=newer)
    risk = recipe_risk(champion, challenger.split, training, params)
    if risk is None:
        return Reigning(silent="none of the champion's columns is measured any more")
    return Reigning(risk, stranded=stranded)


def _own_risk(
    champion: ChurnModel, challenger: Challenger, params: TrainingParams
) -> pl.Series | None:
    """What the champion itself says, where it knows no outcome and can read enough rows."""
    judged, names = challenger.split.judge, champion.contract.names
    if params.split != "time" or champion.fitted_until > challenger.split.judged_from:
        return None
    read = judged.select(champion.contract.readable).to_series()
    if not judged.filter(read)["churned"].sum() or read.sum() < _FEWEST_READ * judged.height:
        return None
    risk = champion.predict(judged.filter(read).select(names))["risk"]
    rows = pl.int_range(judged.height, eager=True).filter(read)
    every = pl.Series("champion", [None] * judged.height, pl.Float64)
    return every.scatter(rows, risk)


def _knows_more(champion: ChurnModel, challenger: Challenger) -> str | None:
    """Why a champion that knows later outcomes, by its evidence too, is not replaced."""
    later = champion.fitted_until > challenger.fitted_until
    if not later or champion.evidence_fitted_until <= challenger.evidence.fitted_until:
        return None
    return (
        f"the champion was fitted on what happened before {champion.fitted_until:%Y-%m-%d}, this "
        f"model only on what happened before {challenger.fitted_until:%Y-%m-%d}"
    )


def _stranded(champion: ChurnModel, training: TrainingSet) -> str | None:
    """What subscribers have now and the champion cannot read, in words."""
    newest = training.newest
    gone = [name for name in champion.contract.names if name not in training.rows.columns]
    if gone:
        columns = ", ".join(map(repr, gone))
        return f"the champion's column {columns} is not measured any more"
    strange = [
        f"{', '.join(map(repr, new))} in column {column.name!r}"
        for column in champion.contract.columns
        if column.categories is not None
        and column.name in newest.columns
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
