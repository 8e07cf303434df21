"""Compare the champion's recipe with a challenger, on the test rows of the challenger."""

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


@dataclass(frozen=True, slots=True)
class Challenger:
    """A model that was evaluated and may become the champion.

    Attributes:
        evidence: The model that was evaluated.
        split: The parts that it was fitted, calibrated and evaluated on.
        test_rows: Its ``risk`` of the rows of ``split.test``, in their order.
        fitted_until: The published model uses nothing that happened from this moment on; later
            than the evidence model's where it is fitted again.
    """

    evidence: ChurnModel
    split: Split
    test_rows: pl.DataFrame
    fitted_until: datetime


def compare_champion(
    champion: ChurnModel | None,
    challenger: Challenger,
    training: TrainingSet,
    params: TrainingParams,
) -> Incumbent:
    """The champion's risks of the rows that its challenger is evaluated on, or why there are none.

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
    later = champion.fitted_until > challenger.fitted_until
    if later and champion.evidence_fitted_until > challenger.evidence.fitted_until:
        return Incumbent(
            knew=f"the champion was fitted on what happened before "
            f"{champion.fitted_until:%Y-%m-%d}, this model only on what happened before "
            f"{challenger.fitted_until:%Y-%m-%d}"
        )
    if has_same_recipe(champion, challenger.evidence):
        newer = challenger.fitted_until > champion.fitted_until
        return Incumbent(_refreshed_risk(champion, challenger, params), refresh=True, newer=newer)
    risk = recipe_risk(champion, challenger.split, training, params)
    if risk is None:
        return Incumbent(silent="none of the champion's columns is measured any more")
    missing = [name for name in champion.contract.names if name not in training.rows.columns]
    columns = ", ".join(map(repr, missing))
    unservable = f"the champion's column {columns} is not measured any more" if missing else None
    return Incumbent(risk, unservable=unservable)


def _refreshed_risk(
    champion: ChurnModel, challenger: Challenger, params: TrainingParams
) -> pl.Series:
    """The champion's own risks, where it knows no outcome; else those of its recipe."""
    test = challenger.split.test
    if params.split != "time" or champion.fitted_until > challenger.split.judged_from:
        return challenger.test_rows["risk"].alias("champion")
    return champion.predict(test.select(champion.contract.names))["risk"].alias("champion")
