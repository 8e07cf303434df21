"""Attributes of subscribers as features: the last known value of each, such as a segment."""

import re
from collections.abc import Iterable

from perdura.features.definition import Column, Feature, Latest, Phrases
from perdura.sources.events import SUBSCRIBERS

#: Columns of attributes are named so, with the attribute's name behind it.
PREFIX = "attribute_"
#: What an attribute may be called, to be a feature.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def attribute_features(names: Iterable[str]) -> tuple[Feature, ...]:
    """One category per attribute, in the order of their names, each a signal of its own.

    Raises:
        ValueError: A name has other characters than letters, digits and underscores.
    """
    features: list[Feature] = []
    for name in sorted({*names}):
        if not NAME.fullmatch(name):
            raise ValueError(
                f"the attribute {name!r} cannot be a feature; name it with letters, digits and "
                "underscores, beginning with a letter"
            )
        words = name.replace("_", " ")
        feature = Feature(
            name=f"{PREFIX}{name}",
            events=SUBSCRIBERS,
            measure=Latest("value"),
            where=f"name = '{name}'",
            unit="category",
            signal=f"{PREFIX}{name}",
            en=Phrases(f"the {words} is unknown", "", f"the {words} is {{n}}"),
            es=Phrases(f"no se conoce: {words}", "", f"{words}: {{n}}"),
        )
        features.append(feature)
    return tuple(features)


def attributes_in(columns: Iterable[str]) -> tuple[str, ...]:
    """The attributes that columns of these names tell."""
    return tuple(name.removeprefix(PREFIX) for name in columns if name.startswith(PREFIX))


def attribute_column(name: str) -> Column | None:
    """The column of this name; ``None`` where it tells no attribute."""
    own = attribute_features(attributes_in([name]))
    return next((feature.columns[0] for feature in own), None)
