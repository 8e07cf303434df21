"""The champion's recipe, fitted on the rows that its challenger was fitted on.

The champion itself may know the outcomes of the test rows, since it was fitted again after its
evaluation. Its recipe does not.
"""

from dataclasses import replace

import polars as pl

from perdura.features.catalogue import COLUMNS
from perdura.models.boosting.recipe import Recipe, read_recipe
from perdura.models.dataset.split import Split
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.training.churn import encode, learn_model
from perdura.models.training.risk_level import with_newest_level


def recipe_of(champion: ChurnModel) -> Recipe:
    """The champion's recipe; for older versions, which stored none, read from their trees."""
    return champion.recipe or read_recipe(champion.booster_text, champion.cause_text)


def has_same_recipe(champion: ChurnModel, challenger: ChurnModel) -> bool:
    """Whether both read the same columns and grow their trees alike."""
    same_columns = {*champion.contract.names} == {*challenger.contract.names}
    return same_columns and recipe_of(champion).same_as(recipe_of(challenger))


def in_recipe_of(
    champion: ChurnModel, training: TrainingSet, params: TrainingParams
) -> tuple[TrainingSet, TrainingParams] | None:
    """The rows and parameters of a training of the champion's own recipe, on the same history.

    Args:
        champion: The model with the columns and parameters.
        training: Rows with at least these columns.
        params: For the question, dates and gaps.

    Returns:
        ``None`` where one of its columns is not measured any more.
    """
    known = COLUMNS | {column.name: column for column in training.columns}
    names = champion.contract.names
    if not {*names} <= {*training.rows.columns} & {*known}:
        return None
    unread = [name for name in training.names if name not in names]
    columns = tuple(known[name] for name in names)
    # The recipe has its own monotone constraints, independent of the present settings.
    grown = replace(recipe_of(champion).applied_to(params), monotone=False, tuned=None)
    return replace(training, columns=columns, rows=training.rows.drop(unread)), grown


def recipe_risk(
    champion: ChurnModel, split: Split, training: TrainingSet, params: TrainingParams
) -> pl.Series | None:
    """The risks of the test rows by the champion's recipe, fitted on the challenger's own parts.

    Args:
        champion: The model with the columns, those still measured, and the parameters.
        split: The challenger's parts.
        training: The rows that they were taken from.
        params: The challenger's parameters, for dates, gaps and threads.

    Returns:
        ``champion``, one per row of ``split.test``; ``None`` where no column is measured any more.
    """
    names = [name for name in champion.contract.names if name in split.fit.columns]
    if not names:
        return None
    contract = learn_contract(split.fit, names, seen=training.seen)
    fit = encode(contract, split.fit, training.sampling.non_churners)
    calibrate = encode(contract, split.calibrate)
    recipe = recipe_of(champion).applied_to(params)
    model = learn_model(contract, split, fit, calibrate, recipe)
    model, _ = with_newest_level(model, split, calibrate.leaving, params.gap_days)
    return model.predict(split.test.select(names))["risk"].alias("champion")
