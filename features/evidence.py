"""Which events a column tells of, as its feature declares: so that a reader can be shown them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perdura.features.conditions import kinds_counted
from perdura.features.definition import Balance, Column, Derived, Latest, Over, Since

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events behind the value of a column, of those before ``as_of``.

    Attributes:
        table: Event table.
        kinds: What happened; empty: anything.
        days: Only events in ``[as_of - days, as_of)``; ``None``: however old.
        only: The last, or the first, of these alone; ``None``: all of them.
    """

    table: str
    kinds: tuple[str, ...]
    days: int | None = None
    only: Literal["first", "last"] | None = None

    def to_json(self) -> str:
        """As the risk table keeps it: a JSON object, with what is ``None`` left out."""
        fields = {"table": self.table, "kinds": self.kinds, "days": self.days, "only": self.only}
        return json.dumps({name: value for name, value in fields.items() if value is not None})


def evidence_of(column: Column, columns: Mapping[str, Column]) -> Evidence | None:
    """The events behind a column.

    Behind a column made from others are the events of the first that its SQL names: the numerator
    of a share or a trend.

    Args:
        column: Which.
        columns: By name, what a derived column may be made from.

    Returns:
        ``None`` where a derived column is made of none of ``columns``, and where the column is an
        attribute that events of many kinds carry along, e.g. a plan.
    """
    feature = column.feature
    if isinstance(feature, Derived):
        named = (columns.get(name) for name in _NAME.findall(feature.sql))
        first = next(filter(None, named), None)
        return None if first is None else evidence_of(first, columns)
    table, condition = feature.events, feature.where
    match feature.measure:
        case Balance(opens):
            return Evidence(table.name, kinds_counted(table, f"({condition}) AND ({opens})"))
        case Latest():
            kinds = kinds_counted(table, condition)
            return Evidence(table.name, kinds, only="last") if len(kinds) == 1 else None
        case Since(which):
            return Evidence(table.name, kinds_counted(table, condition), only=which)
        case Over():
            return Evidence(table.name, kinds_counted(table, condition), column.days)
