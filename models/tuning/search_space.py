"""The search space: which parameters of the trees are tuned, and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from perdura.models.params import BoosterParams


@dataclass(frozen=True, slots=True)
class Span:
    """The range of one parameter.

    Attributes:
        low: Lower bound.
        high: Upper bound.
        log: On a logarithmic scale.
        whole: A whole number.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def mistake(self, value: object) -> str | None:
        """What is wrong with a value, in words."""
        kind = int if self.whole else int | float
        if isinstance(value, bool) or not isinstance(value, kind):
            return f"{value!r} is no {'whole ' if self.whole else ''}number"
        if not self.low <= value <= self.high:
            return f"{value} is not within {self.low} to {self.high}"
        return None


#: Paths of more than six splits would make exact reasons expensive (DECISIONS); six hold 64 leaves.
#: The number of trees is not tuned: early stopping on later rows decides it.
SPACE: Mapping[str, Span] = {
    "learning_rate": Span(0.02, 0.15, log=True),
    "max_depth": Span(3, 6, whole=True),
    "num_leaves": Span(7, 63, log=True, whole=True),
    "min_data_in_leaf": Span(20, 1_000, log=True, whole=True),
    "feature_fraction": Span(0.3, 1.0),
    "lambda_l2": Span(0.1, 100.0, log=True),
}

#: A value of each tuned parameter, by name.
Values = Mapping[str, float]


def values_of(booster: BoosterParams) -> Values:
    """The tuned parameters of a booster."""
    return {name: getattr(booster, name) for name in SPACE}


def with_values(booster: BoosterParams, values: Values) -> BoosterParams:
    """The booster with other values of the tuned parameters; the rest stays."""
    changes: dict[str, Any] = dict(values)
    return replace(booster, **changes)


def mistakes(values: Mapping[str, object]) -> list[str]:
    """What is wrong with the values, one sentence each."""
    missing = [f"{name} is missing" for name in SPACE if name not in values]
    unknown = [f"{name} is not known" for name in values if name not in SPACE]
    wrong = [
        f"{name}: {mistake}"
        for name, span in SPACE.items()
        if name in values and (mistake := span.mistake(values[name]))
    ]
    return [*missing, *unknown, *wrong]
