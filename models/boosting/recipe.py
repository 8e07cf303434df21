"""How a model's trees are grown, independent of the rows."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from perdura.models.params import BoosterParams, TrainingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model's trees are grown. Its columns are those of the model's contract.

    Attributes:
        booster: The trees of churn; ``threads`` is 0, since nothing depends on it.
        cause_booster: The trees that separate payment churn from voluntary churn, where they grow
            otherwise.
    """

    booster: BoosterParams
    cause_booster: BoosterParams | None = None

    @staticmethod
    def of(params: TrainingParams) -> "Recipe":
        """The recipe of a training."""
        return Recipe(
            booster=replace(params.booster, threads=0),
            cause_booster=params.cause_booster and replace(params.cause_booster, threads=0),
        )

    def applied_to(self, params: TrainingParams) -> TrainingParams:
        """The parameters with trees that grow by this recipe, on as many threads as before."""
        threads = params.booster.threads
        return replace(
            params,
            booster=replace(self.booster, threads=threads),
            cause_booster=self.cause_booster and replace(self.cause_booster, threads=threads),
        )

    def same_as(self, other: "Recipe") -> bool:
        """Whether both are equal but for the seed."""
        pairs = (
            (self.booster, other.booster),
            (self.cause_booster, other.cause_booster),
        )
        return all(
            (one and replace(one, seed=0)) == (two and replace(two, seed=0)) for one, two in pairs
        )

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain values."""
        return asdict(self)

    @staticmethod
    def from_json(stored: Mapping[str, Any] | None) -> "Recipe | None":
        """The recipe that ``to_json`` wrote; ``None`` where an older version wrote none."""
        if stored is None:
            return None
        cause = stored["cause_booster"]
        return Recipe(
            booster=BoosterParams.from_json(stored["booster"]),
            cause_booster=None if cause is None else BoosterParams.from_json(cause),
        )


def read_recipe(booster_text: str, cause_text: str | None) -> Recipe:
    """The recipe of a model that was saved without one, read from LightGBM's texts of its trees.

    The texts do not hold ``patience``; the default is assumed.
    """
    booster = _params_in(booster_text)
    cause = None if cause_text is None else _params_in(cause_text)
    return Recipe(booster=booster, cause_booster=None if cause == booster else cause)


def _params_in(text: str) -> BoosterParams:
    """The parameters that LightGBM wrote beside its trees."""
    written = dict(re.findall(r"^\[(\w+): (.*)\]$", text, re.MULTILINE))
    names = re.search(r"^feature_names=(.*)$", text, re.MULTILINE)
    columns = names[1].split() if names else []
    signs = written["monotone_constraints"].split(",")
    rising = [name for name, sign in zip(columns, signs, strict=False) if sign == "1"]
    return BoosterParams(
        learning_rate=float(written["learning_rate"]),
        rounds=int(written["num_iterations"]),
        max_depth=int(written["max_depth"]),
        num_leaves=int(written["num_leaves"]),
        min_data_in_leaf=int(written["min_data_in_leaf"]),
        feature_fraction=float(written["feature_fraction"]),
        lambda_l2=float(written["lambda_l2"]),
        rising=tuple(rising),
        seed=int(written["seed"]),
    )
