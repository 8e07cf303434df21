"""Compare the champion with a challenger: its recipe, on the rows that both may be asked about."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.models.dataset.split import Split
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.promotion.incumbent import Incumbent
from perdura.models.training.recipe_fit import has_same_recipe, recipe_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenger:
    """A model that was evaluated and may become the champion.

    Attributes:
        evidence: The model that was evaluated.
        split: The parts that it was fitted, calibrated and evaluated on.
        judged: What it says of the rows of ``split.test``, in their order: ``risk``.
        fitted_until: Nothing that happened from this moment on will have been used when it is
            published; later than the evidence model's where it is fitted again.
    """

    evidence: ChurnModel
    split: Split
    judged: pl.DataFrame
    fitted_until: datetime


def ask_champion(
    champion: ChurnModel | None,
    challenger: Challenger,
    training: TrainingSet,
    params: TrainingParams,
) -> Incumbent:
    """What the champion's recipe says of the rows that its challenger is evaluated on.

    Args:
        champion: The current champion, if there is one.
        challenger: The model to compare, and the rows.
        training: The rows that its parts were taken from.
        params: What the challenger predicts, and how the rows were split.
    """
    if champion is None:
        return Incumbent()
    if other := Question.of(champion).differences(Question.of(params)):
        return Incumbent(incomparable=f"the champion predicts something else ({other})")
    if knew := _knows_more(champion, challenger):
        return Incumbent(knew=knew)
    if has_same_recipe(champion, challenger.evidence):
        newer = challenger.fitted_until > champion.fitted_until
        return Incumbent(_refreshed_risk(champion, challenger, params), refresh=True, newer=newer)
    risk = recipe_risk(champion, challenger.split, training, params)
    if risk is None:
        return Incumbent(silent="none of the champion's columns is measured any more")
    return Incumbent(risk, unservable=_unservable(champion, training))


def _refreshed_risk(
    champion: ChurnModel, challenger: Challenger, params: TrainingParams
) -> pl.Series:
    """What the champion itself says, where it knows no outcome; else what its recipe says."""
    judged = challenger.split.test
    if params.split != "time" or champion.fitted_until > challenger.split.judged_from:
        return challenger.judged["risk"].alias("champion")
    return champion.predict(judged.select(champion.contract.names))["risk"].alias("champion")


def _knows_more(champion: ChurnModel, challenger: Challenger) -> str | None:
    """Why a champion that knows later outcomes, by its evidence too, is not replaced."""
    later = champion.fitted_until > challenger.fitted_until
    if not later or champion.evidence_fitted_until <= challenger.evidence.fitted_until:
        return None
    return (
        f"the champion was fitted on what happened before {champion.fitted_until:%Y-%m-%d}, this "
        f"model only on what happened before {challenger.fitted_until:%Y-%m-%d}"
    )


def _unservable(champion: ChurnModel, training: TrainingSet) -> str | None:
    """Why no night can be scored with the champion any more, in words."""
    gone = [name for name in champion.contract.names if name not in training.rows.columns]
    columns = ", ".join(map(repr, gone))
    return f"the champion's column {columns} is not measured any more" if gone else None
