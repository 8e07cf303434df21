"""Texts of a night that its model has never seen: how many subscribers have which."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from perdura.models.predictor.churn_model import ChurnModel

#: Where a larger share of the subscribers has such a text in a column, the night is degraded.
MOST_UNKNOWN = 0.05

# Texts of a column that are named, and their length; the rest is counted.
_NAMED, _LONGEST = 5, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownTexts:
    """The texts of one column that the model has never seen.

    Attributes:
        subscribers: How many have one.
        share: Of all that were scored.
        texts: The most frequent ones, cut where they are long.
        more: How many different ones there are besides.
    """

    subscribers: int
    share: float
    texts: tuple[str, ...]
    more: int

    @classmethod
    def counted(cls, counts: Counter[str], rows: int) -> Self:
        """Of how many subscribers have which text, among ``rows`` that were scored."""
        ranked = sorted(counts, key=lambda text: (-counts[text], text))
        return cls(
            subscribers=counts.total(),
            share=counts.total() / rows,
            texts=tuple(text[:_LONGEST] for text in ranked[:_NAMED]),
            more=max(0, len(ranked) - _NAMED),
        )


def count_unknown(model: ChurnModel, rows: pl.DataFrame) -> str:
    """How many rows have which text that the model has never seen: JSON, an object by column."""
    found = {
        name: dict(rows[name].cast(pl.String).filter(unseen).value_counts().rows())
        for name, unseen in model.contract.unseen(rows).items()
    }
    return json.dumps(found, ensure_ascii=False)


def unknown_texts(counted: Iterable[str], rows: int) -> dict[str, UnknownTexts]:
    """What ``count_unknown`` found in all parts of a night of ``rows`` rows, by column."""
    found: dict[str, Counter[str]] = {}
    for part in counted:
        for name, counts in json.loads(part).items():
            found.setdefault(name, Counter()).update(counts)
    return {name: UnknownTexts.counted(counts, rows) for name, counts in sorted(found.items())}


def too_many_unknown(unknown: Mapping[str, UnknownTexts]) -> tuple[str, ...]:
    """Why the night is degraded, a sentence for each column, where too many have such a text."""
    return tuple(
        f"{column}: {found.share:.1%} of subscribers have a value that the model has never seen"
        for column, found in unknown.items()
        if found.share > MOST_UNKNOWN
    )
