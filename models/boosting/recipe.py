"""How a model's trees are grown, whatever rows they are grown on."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from perdura.models.params import BoosterParams, TrainingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model's trees are grown. Its columns are those of the model's contract.

    Attributes:
        booster: The trees of leaving; ``threads`` is 0, since nothing depends on it.
        cause_booster: The trees that tell leavers by payment from the others, where they grow
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
        """Whether it is another but for the seed."""
        return _without_seed(self) == _without_seed(other)

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
            booster=_booster(stored["booster"]),
            cause_booster=None if cause is None else _booster(cause),
        )


def read_recipe(booster_text: str, cause_text: str | None) -> Recipe:
    """The recipe of a model that was saved without one, as LightGBM's texts of its trees tell it.

    They tell nothing of ``patience``, which is taken to have been the default.
    """
    booster = _read_booster(booster_text)
    cause = None if cause_text is None else _read_booster(cause_text)
    return Recipe(booster=booster, cause_booster=None if cause == booster else cause)


_NAMES = re.compile(r"^feature_names=(.*)$", re.MULTILINE)
_READ = {
    "learning_rate": float,
    "max_depth": int,
    "num_leaves": int,
    "min_data_in_leaf": int,
    "feature_fraction": float,
    "lambda_l2": float,
    "seed": int,
}


def _read_booster(text: str) -> BoosterParams:
    written = dict(re.findall(r"^\[(\w+): (.*)\]$", text, re.MULTILINE))
    names = _NAMES.search(text)
    signs = written["monotone_constraints"].split(",")
    columns = names[1].split() if names else []
    rising = [name for name, sign in zip(columns, signs, strict=False) if sign == "1"]
    numbers = {name: kind(written[name]) for name, kind in _READ.items()}
    return BoosterParams(rounds=int(written["num_iterations"]), rising=tuple(rising), **numbers)


def _booster(stored: Mapping[str, Any]) -> BoosterParams:
    return BoosterParams(**{**stored, "rising": tuple(stored["rising"])})


def _without_seed(recipe: Recipe) -> Recipe:
    cause = recipe.cause_booster
    return Recipe(
        booster=replace(recipe.booster, seed=0),
        cause_booster=None if cause is None else replace(cause, seed=0),
    )
