"""Which parameters of the trees are tuned, and between what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from perdura.models.params import BoosterParams


@dataclass(frozen=True, slots=True)
class Span:
    """Where one parameter may lie.

    Attributes:
        low: The least.
        high: The most.
        log: A step is a factor, not a difference.
        whole: It is a whole number.
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


#: Paths of more than six splits would make exact reasons dear (DECISIONS); six hold 64 leaves. How
#: many trees there are is no parameter: later rows say when they help no more.
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
    return replace(booster, **values)


def mistakes(values: Mapping[str, object]) -> list[str]:
    """What is wrong with values that are to be used, one sentence for each."""
    missing = [f"{name} is missing" for name in SPACE if name not in values]
    unknown = [f"{name} is not known" for name in values if name not in SPACE]
    wrong = [
        f"{name}: {said}"
        for name, span in SPACE.items()
        if name in values and (said := span.mistake(values[name]))
    ]
    return [*missing, *unknown, *wrong]
