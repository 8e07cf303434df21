"""The champion's recipe, fitted on the rows that its challenger was fitted on.

The champion itself may know what became of the rows that both are evaluated on, since it was fitted
again after its evaluation. Its recipe knows nothing.
"""

import polars as pl

from models.encoding import learn_contract
from models.learn import encode, learn_model
from models.level import with_newest_level
from models.model import ChurnModel
from models.params import TrainingParams
from models.recipe import Recipe, read_recipe
from models.split import Split
from models.training_set import TrainingSet


def recipe_of(champion: ChurnModel) -> Recipe:
    """The champion's recipe; of older versions, which stored none, what their trees say of it."""
    return champion.recipe or read_recipe(champion.booster_text, champion.cause_text)


def has_same_recipe(champion: ChurnModel, challenger: ChurnModel) -> bool:
    """Whether both read the same columns and grow their trees alike."""
    same_columns = {*champion.contract.names} == {*challenger.contract.names}
    return same_columns and recipe_of(champion).same_as(recipe_of(challenger))


def recipe_risk(
    champion: ChurnModel, split: Split, training: TrainingSet, params: TrainingParams
) -> pl.Series | None:
    """What the champion's recipe says of the evaluated rows, fitted on the challenger's own parts.

    Args:
        champion: Whose columns and parameters are taken, as far as the columns are still measured.
        split: The challenger's parts.
        training: The rows that they were taken from.
        params: The challenger's parameters, for dates, gaps and threads.

    Returns:
        ``champion``, one per row of ``split.judge``; ``None`` where no column is measured any more.
    """
    names = [name for name in champion.contract.names if name in split.fit.columns]
    if not names:
        return None
    contract = learn_contract(split.fit, names, seen=training.seen)
    fit = encode(contract, split.fit, training.shares.stayers)
    calibrate = encode(contract, split.calibrate)
    recipe = recipe_of(champion).applied_to(params)
    model = learn_model(contract, split, fit, calibrate, recipe)
    model, _ = with_newest_level(model, split, calibrate.leaving, params.gap_days)
    return model.predict(split.judge.select(names))["risk"].alias("champion")
